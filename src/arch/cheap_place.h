// Where in a function's first instructions a probe costs least.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace dtp::arch {

// What the values that a probe reads are made of: what must be unchanged where it is put.
struct Needs {
  std::uint32_t registers = 0;  // bit N: the register of the DWARF number N has to have its own value
  bool memory = false;          // something is read from memory
};

struct CheapPlace {
  std::uint64_t offset = 0;                // from the function's first byte; 0: that is the place
  std::uint64_t stack_grown = 0;           // by so many bytes the stack pointer is lower there
  std::string instruction = {};            // what stands there, as the assembler spells it: "push %rbp"
  std::vector<std::uint64_t> starts = {};  // of the instructions behind the first one, up to the place
};

// The first instruction of an x86_64 function that the kernel emulates, where whoever enters the function comes by,
// once, and finds all as it was at the entry. `code` begins with the `size` bytes of the function and goes on with what
// lies behind it in memory. What jumps to one of `starts` from elsewhere is for JumpTargets to say.
std::optional<CheapPlace> find_cheap_place(std::span<const std::byte> code, std::uint64_t size, const Needs& needs);

// The kernel emulates the first instruction of this code. Of code that it cannot be told of: no.
bool is_emulated(std::span<const std::byte> code);

// Code of a file, by its link-time address.
struct CodeSegment {
  std::uint64_t address = 0;
  std::span<const std::byte> bytes = {};
};

// The addresses that code jumps to, found without knowing where instructions begin: some may be none. Missing are those
// of jumps through registers and memory, and of short jumps backwards, which find_cheap_place() sees.
class JumpTargets {
 public:
  explicit JumpTargets(std::vector<CodeSegment> segments);
  bool contains(std::uint64_t address) const;

 private:
  const CodeSegment* segment_at(std::uint64_t address) const;
  bool has_short_jump_before(const CodeSegment& segment, std::size_t offset) const;
  void mark(std::uint64_t address);

  std::vector<CodeSegment> segments_ = {};
  std::vector<std::vector<bool>> far_ = {};  // for each segment: the bytes that jumps with 32 bits of distance go to
};

}  // namespace dtp::arch
