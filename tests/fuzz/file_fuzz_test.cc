// Readers that open files: perf.data, ELF, DWARF. The damaged file lies in memory and is opened by its descriptor.
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "debug/find.h"
#include "debug/info.h"
#include "fuzz/mutate.h"
#include "record/perf_data_reader.h"
#include "type/query.h"

namespace dtp::test {
namespace {

class MemoryFile {
 public:
  explicit MemoryFile(const std::string& bytes) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    REQUIRE(base::write_all(fd_.get(), bytes, "memory"));
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

 private:
  base::Fd fd_;
};

std::string fixture(const std::string& name) {
  auto bytes = base::read_file(DTP_FIXTURES "/" + name);
  REQUIRE(bytes);
  return *bytes;
}

const std::vector<std::string> pieces{std::string(8, '\0'), std::string(8, '\xff'), std::string("\x08\x00\x00\x00", 4)};

// The first function's variables, their places and types.
void ask_all(const std::string& path) {
  const auto binary = debug::open_binary(path);
  if (!binary) return;
  (*binary)->symbols.find_function_at(0x1680);
  (*binary)->file.build_id();
  if (!debug::has_dwarf((*binary)->file)) return;
  const auto info = debug::open_dwarf(*binary);
  if (!info) return;
  const auto instances = (*info)->find_functions("walk");
  if (!instances) return;
  for (const debug::Instance& instance : *instances)
    for (const debug::Variable& variable : (*info)->find_variables(instance, instance.address)) {
      (*info)->locate(instance, instance.address, variable);
      type::declare((*info)->types(), variable.type);
      type::member_names((*info)->types(), variable.type);
    }
}

}  // namespace

TEST_CASE("fuzz: perf.data") {
  fuzz({fixture("perf.data"), fixture("typed.data")}, pieces, 1000, [](const std::string& bytes) {
    const MemoryFile file(bytes);
    const auto reader = record::PerfDataReader::open(file.path());
    record::Counts counts;
    if (reader) static_cast<void>(reader->read([](const record::Record&) -> Result<void> { return {}; }, counts));
  });
}

TEST_CASE("fuzz: ELF") {
  fuzz({fixture("programs/ul_c_nodbg")}, pieces, 1000, [](const std::string& bytes) {
    const MemoryFile file(bytes);
    ask_all(file.path());
  });
}

TEST_CASE("fuzz: DWARF") {
  fuzz({fixture("programs/ul_c"), fixture("programs/ul_c_dw4"), fixture("programs/ul_c_clang")}, pieces, 500,
       [](const std::string& bytes) {
         const MemoryFile file(bytes);
         ask_all(file.path());
       });
}

}  // namespace dtp::test
