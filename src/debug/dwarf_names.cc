// Types stand at the top of their units, those of C++ also in namespaces. Every unit that uses a type describes it
// again, often as a declaration only, so the search goes on until a definition is met.
#include "debug/dwarf_names.h"

#include <dwarf.h>

#include <algorithm>

#include "debug/demangle.h"
#include "debug/dwarf_die.h"
#include "debug/dwarf_types.h"
#include "debug/qualified_name.h"
#include "type/query.h"

namespace dtp::debug {
namespace {

// More namespaces and classes within each other than anybody writes.
constexpr int deepest_scope = 16;

// A name as it is asked for, in C++ perhaps with scopes: "sock", "geo::Shape::Kind".
class Wanted {
 public:
  explicit Wanted(std::string_view text) : text_(text) {
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '<') ++depth;
      if (text[i] == '>') --depth;
      if (depth == 0 && text.substr(i).starts_with("::")) last_ = i + 2;
    }
  }

  bool has_scopes() const { return last_ != 0; }
  std::string_view name() const { return text_.substr(last_); }

  // `scope` is what stands around the DIE: "geo::Shape::". A variable that stands outside of its class has a mangled
  // name.
  bool is_name_of(Dwarf_Die& die, const std::string& scope) const {
    const char* found = dwarf_diename(&die);
    if (found == nullptr || name() != found) return false;
    if (!has_scopes()) return true;
    Dwarf_Attribute attribute;
    const char* mangled =
        dwarf_attr_integrate(&die, DW_AT_linkage_name, &attribute) != nullptr ? dwarf_formstring(&attribute) : nullptr;
    return goes_by(mangled != nullptr ? demangle(mangled) : scope + found, text_);
  }

 private:
  std::string_view text_;
  std::size_t last_ = 0;  // where the name itself begins
};

bool is_scope(int tag, bool of_class) {
  return tag == DW_TAG_namespace ||
         (of_class && (tag == DW_TAG_class_type || tag == DW_TAG_structure_type || tag == DW_TAG_union_type));
}

std::string scope_within(const std::string& scope, Dwarf_Die& die) {
  const std::string name = name_of(die);
  return name.empty() ? scope : scope + name + "::";
}

// What stands at the top of units and in namespaces; in classes, too, if a scope is asked for. `visit` says whether to
// stop.
template <class Visit>
bool each_child(Dwarf_Die& parent, const Wanted& wanted, const std::string& scope, Visit& visit, int depth = 0) {
  Dwarf_Die child;
  if (depth > deepest_scope || dwarf_child(&parent, &child) != 0) return false;
  do {
    if (visit(child, scope)) return true;
    if (is_scope(dwarf_tag(&child), wanted.has_scopes()) &&
        each_child(child, wanted, scope_within(scope, child), visit, depth + 1))
      return true;
  } while (dwarf_siblingof(&child, &child) == 0);
  return false;
}

template <class Visit>
void each_top_die(const DwarfFiles& files, const Wanted& wanted, Named kind, Visit visit) {
  files.each_unit_mentioning(
      wanted.name(), [&](Dwarf_Die& unit, bool) { return each_child(unit, wanted, "", visit); }, kind);
}

// The same, of the units that the index names. It does not know what stands in classes.
template <class Visit>
void each_indexed_die(const DwarfFiles& files, std::span<const std::uint32_t> units, const Wanted& wanted,
                      Visit visit) {
  for (const std::uint32_t offset : units)
    if (auto unit = unit_die(files.dwarf(), offset); unit && each_child(*unit, wanted, "", visit)) return;
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

// DWZ's units have no language: what they share is of the units of the program.
bool is_cpp(const DwarfFiles& files, Dwarf_Die& die) {
  Dwarf_Die unit;
  if (dwarf_diecu(&die, &unit, nullptr, nullptr) == nullptr) return false;
  Dwarf_CU* next = nullptr;
  while (dwarf_srclang(&unit) < 0)
    if (dwarf_get_units(files.dwarf(), next, &next, nullptr, nullptr, &unit, nullptr) != 0) return false;
  switch (dwarf_srclang(&unit)) {
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14: return true;
    default: return false;
  }
}

}  // namespace

std::optional<type::Id> find_dwarf_type(const DwarfFiles& files, std::string_view c_name) {
  const auto [tag, name] = type::split_tag(c_name);
  const Wanted wanted(name);
  std::optional<type::Id> found;
  each_top_die(files, wanted, Named::type, [&, tag = tag](Dwarf_Die& die, const std::string& scope) {
    const int die_tag = dwarf_tag(&die);
    if (!has_tag(die_tag, tag) || !wanted.is_name_of(die, scope)) return false;
    const bool is_plain = die_tag == DW_TAG_base_type || die_tag == DW_TAG_typedef;
    if (tag.empty() && !is_plain && !is_cpp(files, die)) return false;
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
  const Wanted wanted(name);
  std::vector<Definition> found;
  std::vector<std::uint64_t> sizes;
  int compared = 0;
  each_top_die(files, wanted, Named::type, [&, tag = tag](Dwarf_Die& die, const std::string& scope) {
    if (!has_tag(dwarf_tag(&die), tag) || !wanted.is_name_of(die, scope) || is_declaration(die)) return false;
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

std::vector<Global> find_dwarf_globals(const DwarfFiles& files, const NameIndex* index, std::string_view name,
                                       bool defined) {
  constexpr std::size_t most_statics = 256;
  const Wanted wanted(name);
  std::vector<Global> found;
  const auto visit = [&](Dwarf_Die& die, const std::string& scope) {
    if (dwarf_tag(&die) != DW_TAG_variable || !wanted.is_name_of(die, scope)) return false;
    Global global{.variable = {std::string(wanted.name()), type_of(die), Role::global, key_of(die)},
                  .is_external = is_flagged(die, DW_AT_external),
                  .is_definition = has_attribute(die, DW_AT_location) || has_attribute(die, DW_AT_const_value)};
    if (!global.is_definition && (defined || !global.is_external)) return false;
    global.file = declared_file(die);
    if (global.is_external) found.clear();
    found.push_back(std::move(global));
    return found.back().is_external || found.size() >= most_statics;
  };
  if (index != nullptr && !wanted.has_scopes())
    each_indexed_die(files, index->units_of_variable(name), wanted, visit);
  else
    each_top_die(files, wanted, Named::global, visit);
  return found;
}

std::optional<std::int64_t> find_dwarf_enumerator(const DwarfFiles& files, const NameIndex* index,
                                                  std::string_view name) {
  const Wanted wanted(name);
  std::optional<std::int64_t> found;
  const auto visit = [&](Dwarf_Die& die, const std::string& scope) {
    Dwarf_Die child;
    if (dwarf_tag(&die) != DW_TAG_enumeration_type || dwarf_child(&die, &child) != 0) return false;
    const std::string own_scope = scope_within(scope, die);
    do {
      if (dwarf_tag(&child) == DW_TAG_enumerator && wanted.is_name_of(child, own_scope)) found = constant_of(child);
    } while (!found && dwarf_siblingof(&child, &child) == 0);
    return found.has_value();
  };
  if (index != nullptr && !wanted.has_scopes())
    each_indexed_die(files, index->units_of_enumerator(name), wanted, visit);
  else
    each_top_die(files, wanted, Named::enumerator, visit);
  return found;
}

}  // namespace dtp::debug
