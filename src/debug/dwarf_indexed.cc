#include "debug/dwarf_indexed.h"

#include <algorithm>
#include <optional>

#include "base/pattern.h"

namespace dtp::debug {
namespace {

std::optional<Dwarf_Die> die_at(Dwarf* dwarf, std::uint32_t offset) {
  Dwarf_Die die;
  return dwarf_offdie(dwarf, offset, &die) == nullptr ? std::nullopt : std::optional(die);
}

std::vector<IndexedFunction> dies_of(Dwarf* dwarf, const NameIndex& index,
                                     std::span<const NameIndex::Function> functions) {
  std::vector<IndexedFunction> found;
  for (const NameIndex::Function& function : functions) {
    const auto die = die_at(dwarf, function.die);
    if (!die) continue;
    found.push_back({.die = *die, .unit = function.unit});
    for (const NameIndex::Instance& instance : index.instances(function))
      if (const auto copy = die_at(dwarf, instance.die)) found.back().copies.push_back({*copy, instance.is_inlined != 0});
  }
  return found;
}

}  // namespace

std::vector<IndexedFunction> functions_called(Dwarf* dwarf, const NameIndex& index, std::string_view name) {
  return dies_of(dwarf, index, index.find(name));
}

std::vector<IndexedFunction> functions_matching(Dwarf* dwarf, const NameIndex& index, const std::string& pattern) {
  std::vector<NameIndex::Function> functions;
  for (const NameIndex::Function& function : index.find_prefix(base::fixed_head(pattern)))
    if (base::matches_pattern(pattern, std::string(index.name_of(function)))) functions.push_back(function);
  std::ranges::sort(functions, {}, &NameIndex::Function::die);
  return dies_of(dwarf, index, functions);
}

}  // namespace dtp::debug
