// Go: parameters and results are all formal parameters; DW_AT_variable_parameter tells results. Those without a name
// are called ~r0, ~r1; the compiler's own variables begin with a dot (src/cmd/internal/dwarf of Go).
#include "debug/dwarf_language.h"

#include <dwarf.h>

#include <string_view>

#include "debug/dwarf_die.h"
#include "debug/dwarf_types.h"
#include "debug/go_calling.h"
#include "type/query.h"

namespace dtp::debug {
namespace {

// "Go cmd/compile go1.19.8; regabi". gccgo calls like C.
std::string_view producer_of(Dwarf_Die& unit) {
  Dwarf_Attribute attribute;
  const char* text = dwarf_attr(&unit, DW_AT_producer, &attribute) == nullptr ? nullptr : dwarf_formstring(&attribute);
  return text == nullptr ? "" : text;
}

}  // namespace

Language language_of(Dwarf_Die& die) {
  Dwarf_Die unit;
  if (dwarf_diecu(&die, &unit, nullptr, nullptr) == nullptr) return Language::other;
  switch (dwarf_srclang(&unit)) {
    case DW_LANG_Rust: return Language::rust;
    case DW_LANG_Go: return producer_of(unit).starts_with("Go cmd/compile") ? Language::go : Language::other;
    default: return Language::other;
  }
}

bool is_go_result(Dwarf_Die& parameter) { return is_flagged(parameter, DW_AT_variable_parameter); }

bool is_moved_to_heap(Dwarf_Die& variable) { return name_of(variable).starts_with('&'); }

std::string go_name(Dwarf_Die& variable) {
  std::string name = name_of(variable);
  if (name.starts_with('&')) name.erase(0, 1);
  return name.starts_with('~') || name.starts_with('.') || name == "_" ? "" : name;
}

Whereabouts follow(Whereabouts pointer) {
  auto* location = std::get_if<Location>(&pointer);
  if (location == nullptr) return pointer;
  if (location->parts != nullptr) return Unavailable{Reason::computed, "where it is on the heap is not known there"};
  if (location->kind == Location::Kind::memory) {
    location->derefs.push_back({location->offset, false});
    location->offset = 0;
  }
  location->kind = Location::Kind::memory;
  return pointer;
}

std::vector<Returned> go_returned(Dwarf_Die& function, type::Table& types) {
  std::vector<Returned> returned;
  std::vector<type::Id> parameters, results;
  Dwarf_Die unit, child;
  if (dwarf_diecu(&function, &unit, nullptr, nullptr) == nullptr || dwarf_child(&function, &child) != 0)
    return returned;
  do {
    if (dwarf_tag(&child) != DW_TAG_formal_parameter) continue;
    const bool is_result = is_go_result(child);
    // What was moved to the heap is described as a pointer to it, but passed itself.
    const type::Id type =
        is_moved_to_heap(child) ? types.at(type::strip(types, type_of(child))).target : type_of(child);
    (is_result ? results : parameters).push_back(type);
    if (is_result) returned.push_back({.name = go_name(child), .type = type});
  } while (dwarf_siblingof(&child, &child) == 0);
  const GoCalling calling =
      producer_of(unit).find("regabi") == std::string_view::npos ? GoCalling::stack : GoCalling::registers;
  std::vector<Whereabouts> places = place_go_results(types, arch::x86_64(), calling, parameters, results);
  for (std::size_t i = 0; i < returned.size(); ++i) returned[i].at = std::move(places[i]);
  return returned;
}

}  // namespace dtp::debug
