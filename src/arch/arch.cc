#include "arch/arch.h"

#include <algorithm>

namespace dtp::arch {

std::optional<std::string_view> fetch_name(const Arch& arch, int dwarf) {
  for (const RegisterName& name : arch.registers)
    if (name.dwarf == dwarf) return name.fetch;
  return std::nullopt;
}

std::optional<int> register_number(const Arch& arch, std::string_view fetch) {
  for (const RegisterName& name : arch.registers)
    if (name.fetch == fetch) return name.dwarf;
  return std::nullopt;
}

std::optional<RegisterPart> register_part(const Arch& arch, std::string_view name) {
  for (const RegisterPart& part : arch.parts)
    if (part.name == name) return part;
  return std::nullopt;
}

bool is_known_register(const Arch& arch, std::string_view fetch) {
  return register_number(arch, fetch).has_value() || std::ranges::find(arch.aliases, fetch) != arch.aliases.end();
}

}  // namespace dtp::arch
