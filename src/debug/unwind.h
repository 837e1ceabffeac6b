// Frames of a program from a copy of its registers and of the top of its stack, by the unwind tables (CFI) of the files
// that were mapped: .eh_frame, or .debug_frame.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace dtp::debug {

// In the order that DWARF numbers them on x86-64: rax rdx rcx rbx rsi rdi rbp rsp r8...r15, and rip.
constexpr std::size_t dwarf_registers = 17;
constexpr std::size_t dwarf_rsp = 7;
constexpr std::size_t dwarf_rip = 16;
using Registers = std::array<std::uint64_t, dwarf_registers>;

// A file in memory: [start, end) holds it from `offset` on.
struct LoadedFile {
  std::string path = {};  // as it can be opened here
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;
};

// One frame of a stack.
struct UnwoundFrame {
  std::uint64_t address = 0;
  bool is_call = false;  // the address is where a call returns to; if not, it was being executed
  bool operator==(const UnwoundFrame&) const = default;
};

class Unwinder {
 public:
  // Files that cannot be read are left out: unwinding ends where their code begins.
  explicit Unwinder(std::span<const LoadedFile> files);
  ~Unwinder();

  // Innermost first, the registers' own among them. `stack` is what lies from the stack pointer upwards.
  void unwind(const Registers& registers, std::span<const std::byte> stack, std::vector<UnwoundFrame>& frames);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace dtp::debug
