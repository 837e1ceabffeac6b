// x86_64: DWARF register numbers and the calling convention are those of the System V ABI, AMD64
// supplement, 3.2.3 and 3.6.2. The kernel follows it. Register names are those of the kernel's
// regs_query_register_offset().
#include <array>

#include "arch/arch.h"

namespace dtp::arch {
namespace {

constexpr std::array<RegisterName, 16> registers{{{0, "ax"},
                                                  {1, "dx"},
                                                  {2, "cx"},
                                                  {3, "bx"},
                                                  {4, "si"},
                                                  {5, "di"},
                                                  {6, "bp"},
                                                  {7, "sp"},
                                                  {8, "r8"},
                                                  {9, "r9"},
                                                  {10, "r10"},
                                                  {11, "r11"},
                                                  {12, "r12"},
                                                  {13, "r13"},
                                                  {14, "r14"},
                                                  {15, "r15"}}};
constexpr std::array<std::string_view, 5> aliases{"ip", "flags", "cs", "ss", "orig_ax"};
constexpr std::array<int, 6> arguments{5, 4, 1, 2, 8, 9};

constexpr Arch description{.name = "x86_64",
                           .registers = registers,
                           .aliases = aliases,
                           .arguments = arguments,
                           .stack_pointer = 7,
                           .frame_pointer = 6,
                           .first_float = 17,
                           .last_float = 32,
                           .pointer_bytes = 8,
                           .stack_argument_offset = 8};

}  // namespace

const Arch& x86_64() { return description; }

}  // namespace dtp::arch
