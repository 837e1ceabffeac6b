// An architecture as data: its registers and its calling convention.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace dtp::arch {

struct RegisterName {
  int dwarf;               // DWARF number
  std::string_view fetch;  // as the kernel's fetch-args spell it, without %: "di"
};

// A register, or the part of one that has a name of its own in assembler: %eax, %ah.
struct RegisterPart {
  std::string_view name;  // without %: "eax"
  int dwarf;
  int bits;
  int shift;  // its lowest bit within the register
};

struct Arch {
  std::string_view name;
  std::span<const RegisterName> registers;    // general purpose, usable in fetch-args
  std::span<const RegisterPart> parts;        // the general purpose registers as the assembler spells them
  std::span<const std::string_view> aliases;  // further names the kernel takes: "ip", "flags", "cs"
  std::span<const int> arguments;             // DWARF numbers of the integer argument registers, in order
  int stack_pointer;                          // DWARF number
  int frame_pointer;
  int first_float;  // DWARF numbers [first_float, last_float] are vector registers
  int last_float;
  int pointer_bytes;
  int stack_argument_offset;  // from the stack pointer at function entry to the first stack argument
};

const Arch& x86_64();

// "di" of DWARF number 5; none: not a register that fetch-args know.
std::optional<std::string_view> fetch_name(const Arch& arch, int dwarf);
// DWARF number of "di"; none for aliases and unknown names.
std::optional<int> register_number(const Arch& arch, std::string_view fetch);
// Of an assembler's name without %; none: not a general purpose register.
std::optional<RegisterPart> register_part(const Arch& arch, std::string_view name);
bool is_known_register(const Arch& arch, std::string_view fetch);

}  // namespace dtp::arch
