// The index of names: whatever it holds, what it tells lies within it.
#include "debug/name_index.h"

#include <sys/mman.h>

#include <cstring>

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dtp;
  static const debug::ElfFile file = *debug::ElfFile::open(DTP_FIXTURES "/programs/ul_cpp");
  void* const copy = ::mmap(nullptr, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  DTP_REQUIRE(copy != MAP_FAILED);
  if (size > 0) std::memcpy(copy, data, size);
  const auto index = debug::NameIndex::of_bytes(file, base::Mapping(copy, size + 1), size);
  if (!index) return 0;
  [[maybe_unused]] volatile std::size_t seen = 0;  // so that what is told is also read
  for (const debug::NameIndex::Function& function : index->find_prefix("")) {
    for (const debug::NameIndex::Instance& instance : index->instances(function)) seen = instance.die;
    seen = index->find(index->name_of(function)).size();
  }
  for (const std::uint32_t unit : index->units_of("ul_cpp.cc")) seen = unit;
  return 0;
}
