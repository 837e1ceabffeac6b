// Types stand at the top of their units, those of C++ also in namespaces. Every unit that uses a type describes it
// again, often as a declaration only, so the search goes on until a definition is met.
#include "debug/dwarf_names.h"

#include <dwarf.h>

#include <algorithm>

#include "debug/dwarf_die.h"
#include "debug/dwarf_types.h"
#include "type/query.h"

namespace dtp::debug {
namespace {

// More namespaces within each other than anybody writes.
constexpr int deepest_namespace = 16;

// `visit` says whether to stop.
template <class Visit>
bool each_child(Dwarf_Die& parent, Visit& visit, int depth = 0) {
  Dwarf_Die child;
  if (depth > deepest_namespace || dwarf_child(&parent, &child) != 0) return false;
  do {
    if (visit(child)) return true;
    if (dwarf_tag(&child) == DW_TAG_namespace && each_child(child, visit, depth + 1)) return true;
  } while (dwarf_siblingof(&child, &child) == 0);
  return false;
}

template <class Visit>
void each_top_die(const DwarfFiles& files, std::string_view mentioned, Visit visit) {
  files.each_unit_mentioning(mentioned, [&](Dwarf_Die& unit, bool) { return each_child(unit, visit); });
}

// C++ names a struct, class or enum also without its tag.
bool has_tag(int die_tag, std::string_view tag) {
  switch (die_tag) {
    case DW_TAG_structure_type:
    case DW_TAG_class_type: return tag == "struct" || tag == "class" || tag.empty();
    case DW_TAG_union_type: return tag == "union" || tag.empty();
    case DW_TAG_enumeration_type: return tag == "enum" || tag.empty();
    case DW_TAG_base_type:
    case DW_TAG_typedef: return tag.empty();
    default: return false;
  }
}

bool is_cpp(Dwarf_Die& die) {
  Dwarf_Die unit;
  if (dwarf_diecu(&die, &unit, nullptr, nullptr) == nullptr) return false;
  switch (dwarf_srclang(&unit)) {
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14: return true;
    default: return false;
  }
}

bool is_called(Dwarf_Die& die, std::string_view name) {
  const char* found = dwarf_diename(&die);
  return found != nullptr && name == found;
}

}  // namespace

std::optional<type::Id> find_dwarf_type(const DwarfFiles& files, std::string_view c_name) {
  const auto [tag, name] = type::split_tag(c_name);
  std::optional<type::Id> found;
  each_top_die(files, name, [&, tag = tag, name = name](Dwarf_Die& die) {
    const int die_tag = dwarf_tag(&die);
    if (!has_tag(die_tag, tag) || !is_called(die, name)) return false;
    const bool is_plain = die_tag == DW_TAG_base_type || die_tag == DW_TAG_typedef;
    if (tag.empty() && !is_plain && !is_cpp(die)) return false;
    const bool is_whole = !is_declaration(die);
    if (is_whole || !found) found = type::Id{key_of(die)};
    return is_whole;
  });
  return found;
}

// A header's struct is in every unit that includes it, the same in all. So after the first one a few are looked at.
std::vector<Definition> find_dwarf_definitions(const DwarfFiles& files, std::string_view c_name) {
  constexpr int most_compared = 16;
  const auto [tag, name] = type::split_tag(c_name);
  std::vector<Definition> found;
  std::vector<std::uint64_t> sizes;
  int compared = 0;
  each_top_die(files, name, [&, tag = tag, name = name](Dwarf_Die& die) {
    if (!has_tag(dwarf_tag(&die), tag) || !is_called(die, name) || is_declaration(die)) return false;
    Definition definition{.type = {key_of(die)}, .file = declared_file(die)};
    dwarf_decl_line(&die, &definition.line);
    const std::uint64_t size = number(die, DW_AT_byte_size).value_or(0);
    bool is_new = true;
    for (std::size_t i = 0; i < found.size(); ++i)
      if (sizes[i] == size && found[i].file == definition.file && found[i].line == definition.line) is_new = false;
    if (is_new) {
      found.push_back(std::move(definition));
      sizes.push_back(size);
    }
    return ++compared > most_compared;
  });
  return found;
}

std::vector<Global> find_dwarf_globals(const DwarfFiles& files, std::string_view name, bool defined) {
  constexpr std::size_t most_statics = 256;
  std::vector<Global> found;
  each_top_die(files, name, [&](Dwarf_Die& die) {
    if (dwarf_tag(&die) != DW_TAG_variable || !is_called(die, name)) return false;
    Global global{.variable = {std::string(name), type_of(die), Role::global, key_of(die)},
                  .is_external = is_flagged(die, DW_AT_external),
                  .is_definition = has_attribute(die, DW_AT_location) || has_attribute(die, DW_AT_const_value)};
    if (!global.is_definition && (defined || !global.is_external)) return false;
    global.file = declared_file(die);
    if (global.is_external) found.clear();
    found.push_back(std::move(global));
    return found.back().is_external || found.size() >= most_statics;
  });
  return found;
}

std::optional<std::int64_t> find_dwarf_enumerator(const DwarfFiles& files, std::string_view name) {
  std::optional<std::int64_t> found;
  each_top_die(files, name, [&](Dwarf_Die& die) {
    Dwarf_Die child;
    if (dwarf_tag(&die) != DW_TAG_enumeration_type || dwarf_child(&die, &child) != 0) return false;
    do {
      if (dwarf_tag(&child) == DW_TAG_enumerator && is_called(child, name)) found = constant_of(child);
    } while (!found && dwarf_siblingof(&child, &child) == 0);
    return found.has_value();
  });
  return found;
}

}  // namespace dtp::debug
