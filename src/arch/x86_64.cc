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
constexpr std::array<RegisterPart, 68> parts{
    {{"rax", 0, 64, 0},   {"eax", 0, 32, 0},   {"ax", 0, 16, 0},    {"al", 0, 8, 0},     {"rdx", 1, 64, 0},
     {"edx", 1, 32, 0},   {"dx", 1, 16, 0},    {"dl", 1, 8, 0},     {"rcx", 2, 64, 0},   {"ecx", 2, 32, 0},
     {"cx", 2, 16, 0},    {"cl", 2, 8, 0},     {"rbx", 3, 64, 0},   {"ebx", 3, 32, 0},   {"bx", 3, 16, 0},
     {"bl", 3, 8, 0},     {"rsi", 4, 64, 0},   {"esi", 4, 32, 0},   {"si", 4, 16, 0},    {"sil", 4, 8, 0},
     {"rdi", 5, 64, 0},   {"edi", 5, 32, 0},   {"di", 5, 16, 0},    {"dil", 5, 8, 0},    {"rbp", 6, 64, 0},
     {"ebp", 6, 32, 0},   {"bp", 6, 16, 0},    {"bpl", 6, 8, 0},    {"rsp", 7, 64, 0},   {"esp", 7, 32, 0},
     {"sp", 7, 16, 0},    {"spl", 7, 8, 0},    {"r8", 8, 64, 0},    {"r8d", 8, 32, 0},   {"r8w", 8, 16, 0},
     {"r8b", 8, 8, 0},    {"r9", 9, 64, 0},    {"r9d", 9, 32, 0},   {"r9w", 9, 16, 0},   {"r9b", 9, 8, 0},
     {"r10", 10, 64, 0},  {"r10d", 10, 32, 0}, {"r10w", 10, 16, 0}, {"r10b", 10, 8, 0},  {"r11", 11, 64, 0},
     {"r11d", 11, 32, 0}, {"r11w", 11, 16, 0}, {"r11b", 11, 8, 0},  {"r12", 12, 64, 0},  {"r12d", 12, 32, 0},
     {"r12w", 12, 16, 0}, {"r12b", 12, 8, 0},  {"r13", 13, 64, 0},  {"r13d", 13, 32, 0}, {"r13w", 13, 16, 0},
     {"r13b", 13, 8, 0},  {"r14", 14, 64, 0},  {"r14d", 14, 32, 0}, {"r14w", 14, 16, 0}, {"r14b", 14, 8, 0},
     {"r15", 15, 64, 0},  {"r15d", 15, 32, 0}, {"r15w", 15, 16, 0}, {"r15b", 15, 8, 0},  {"ah", 0, 8, 8},
     {"dh", 1, 8, 8},     {"ch", 2, 8, 8},     {"bh", 3, 8, 8}}};
constexpr std::array<std::string_view, 5> aliases{"ip", "flags", "cs", "ss", "orig_ax"};
constexpr std::array<int, 6> arguments{5, 4, 1, 2, 8, 9};

constexpr Arch description{.name = "x86_64",
                           .registers = registers,
                           .parts = parts,
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
