// A copied stack: registers and memory that a traced program chose, unwound by the tables of a real one.
#include <algorithm>
#include <cstring>
#include <vector>

#include "debug/unwind.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dtp;
  constexpr std::uint64_t start = 0x10000000;
  static debug::Unwinder unwinder(std::vector<debug::LoadedFile>{
      {DTP_FIXTURES "/programs/ul_c", start + 0x1000, start + 0x2000, 0x1000},
      {DTP_FIXTURES "/programs/ul_cpp", 2 * start + 0x2000, 2 * start + 0x4000, 0x2000}});
  debug::Registers registers = {};
  const std::size_t head = std::min(size, sizeof registers);
  std::memcpy(registers.data(), data, head);
  std::vector<debug::UnwoundFrame> frames;
  unwinder.unwind(registers, std::as_bytes(std::span(data + head, size - head)), frames);
  DTP_REQUIRE(!frames.empty() && frames.front() == (debug::UnwoundFrame{registers[debug::dwarf_rip], false}));
  return 0;
}
