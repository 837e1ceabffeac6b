// Small questions to a DIE. Inner header of this folder.
#pragma once

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>
#include <string>

namespace dtp::debug {

// Those of an abstract origin or a specification count, too.
inline bool has_attribute(Dwarf_Die& die, unsigned name) {
  Dwarf_Attribute attribute;
  return dwarf_attr_integrate(&die, name, &attribute) != nullptr;
}

inline bool is_flagged(Dwarf_Die& die, unsigned name) {
  Dwarf_Attribute attribute;
  bool value = false;
  return dwarf_attr_integrate(&die, name, &attribute) != nullptr && dwarf_formflag(&attribute, &value) == 0 && value;
}

inline std::optional<std::uint64_t> number(Dwarf_Die& die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_attr_integrate(&die, name, &attribute) == nullptr || dwarf_formudata(&attribute, &value) != 0)
    return std::nullopt;
  return value;
}

// DW_AT_const_value. A form that says nothing of a sign has an unsigned number: gcc writes 200 in one byte.
inline std::optional<std::int64_t> constant_of(Dwarf_Die& die) {
  Dwarf_Attribute attribute;
  if (dwarf_attr(&die, DW_AT_const_value, &attribute) == nullptr) return std::nullopt;
  const unsigned form = dwarf_whatform(&attribute);
  Dwarf_Sword value = 0;
  Dwarf_Word unsigned_value = 0;
  if (form == DW_FORM_sdata || form == DW_FORM_implicit_const)
    return dwarf_formsdata(&attribute, &value) == 0 ? std::optional<std::int64_t>(value) : std::nullopt;
  if (dwarf_formudata(&attribute, &unsigned_value) != 0) return std::nullopt;
  return static_cast<std::int64_t>(unsigned_value);
}

inline std::string name_of(Dwarf_Die& die) {
  const char* name = dwarf_diename(&die);
  return name == nullptr ? "" : name;
}

// The DIE's own flag: a definition that refers to a declaration is none.
inline bool is_declaration(Dwarf_Die& die) {
  Dwarf_Attribute attribute;
  bool value = false;
  return dwarf_attr(&die, DW_AT_declaration, &attribute) != nullptr && dwarf_formflag(&attribute, &value) == 0 && value;
}

}  // namespace dtp::debug
