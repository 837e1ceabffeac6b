#include "debug/dwarf_variables.h"

#include <dwarf.h>

#include <algorithm>
#include <string>
#include <unordered_set>

#include "debug/dwarf_die.h"
#include "debug/dwarf_language.h"
#include "debug/dwarf_types.h"
#include "type/query.h"

namespace dtp::debug {
namespace {

class Collector {
 public:
  Collector(Language language, type::Table& types) : is_go_(language == Language::go), types_(types) {}

  template <class RoleOf>
  void add_children(Dwarf_Die& parent, RoleOf role_of) {
    Dwarf_Die child;
    if (dwarf_child(&parent, &child) != 0) return;
    do add(child, role_of(child));
    while (dwarf_siblingof(&child, &child) == 0);
  }

  std::vector<Variable> take() { return std::move(found_); }

 private:
  void add(Dwarf_Die& child, Role role) {
    const int tag = dwarf_tag(&child);
    if (tag != DW_TAG_formal_parameter && tag != DW_TAG_variable) return;
    const bool external = is_flagged(child, DW_AT_external);
    if (!external && !has_attribute(child, DW_AT_location) && !has_attribute(child, DW_AT_const_value) &&
        role != Role::parameter)
      return;
    std::string name = is_go_ ? go_name(child) : name_of(child);
    if (name.empty() || !seen_.insert(name).second) return;
    if (is_go_ && is_go_result(child)) role = Role::local;
    type::Id type = type_of(child);
    if (is_go_ && is_moved_to_heap(child)) type = types_.at(type::strip(types_, type)).target;
    found_.push_back({std::move(name), type, external ? Role::global : role, key_of(child)});
  }

  bool is_go_;
  type::Table& types_;
  std::vector<Variable> found_ = {};
  std::unordered_set<std::string> seen_ = {};
};

}  // namespace

std::vector<Variable> variables_at(Dwarf_Die& function, std::uint64_t address, Language language, type::Table& types) {
  // Of nested blocks the inner one's names count, so blocks are collected outside in and read backwards.
  std::vector<Dwarf_Die> blocks{function}, inlined;
  for (std::size_t i = 0; i < blocks.size() && i < deepest_die; ++i) {
    Dwarf_Die child;
    if (dwarf_child(&blocks[i], &child) != 0) continue;
    do {
      const int tag = dwarf_tag(&child);
      if ((tag != DW_TAG_lexical_block && tag != DW_TAG_inlined_subroutine) || dwarf_haspc(&child, address) <= 0)
        continue;
      (tag == DW_TAG_lexical_block ? blocks : inlined).push_back(child);
    } while (dwarf_siblingof(&child, &child) == 0);
  }
  std::ranges::reverse(blocks);
  const auto inner_role = [](Dwarf_Die& child) {
    return dwarf_tag(&child) == DW_TAG_formal_parameter ? Role::parameter : Role::local;
  };
  Collector collector(language, types);
  for (Dwarf_Die& block : blocks) collector.add_children(block, inner_role);
  for (Dwarf_Die& copy : inlined) collector.add_children(copy, [](Dwarf_Die&) { return Role::local; });
  return collector.take();
}

std::vector<Variable> variables_of_unit(Dwarf_Die& unit, Language language, type::Table& types) {
  Collector collector(language, types);
  collector.add_children(unit, [](Dwarf_Die&) { return Role::global; });
  return collector.take();
}

}  // namespace dtp::debug
