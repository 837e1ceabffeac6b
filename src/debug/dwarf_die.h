// Small questions to a DIE, and how DIEs are named outside of libdw. Inner header of this folder.
//
// A DIE of a supplementary file (DWZ) or of a .dwo file has an offset that another DIE of the main file may have too.
// Where its bytes lie in memory tells them apart, so that address is the key by which the rest of the program knows it.
#pragma once

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dtp::debug {

inline std::uint64_t key_of(const Dwarf_Die& die) { return reinterpret_cast<std::uintptr_t>(die.addr); }

// `dwarf` is the main file's; the DIE may be in any of its files.
inline bool find_die(Dwarf* dwarf, std::uint64_t key, Dwarf_Die& die) {
  return dwarf_die_addr_die(dwarf, reinterpret_cast<void*>(static_cast<std::uintptr_t>(key)), &die) != nullptr;
}

// Of a skeleton the unit in its .dwo file, which has the contents; of any other unit the DIE itself.
inline Dwarf_Die whole_unit(const Dwarf_Die& unit) {
  std::uint8_t type = 0;
  Dwarf_Die split;
  if (unit.cu == nullptr || dwarf_cu_info(unit.cu, nullptr, &type, nullptr, &split, nullptr, nullptr, nullptr) != 0)
    return unit;
  return type == DW_UT_skeleton && split.addr != nullptr ? split : unit;
}

// The unit that begins at this offset of .debug_info.
inline std::optional<Dwarf_Die> unit_die(Dwarf* dwarf, std::uint64_t unit_offset) {
  Dwarf_Off next = 0, abbreviations = 0;
  std::size_t header = 0;
  std::uint8_t address_size = 0, offset_size = 0;
  Dwarf_Die die;
  if (dwarf_nextcu(dwarf, unit_offset, &next, &header, &abbreviations, &address_size, &offset_size) != 0 ||
      dwarf_offdie(dwarf, unit_offset + header, &die) == nullptr)
    return std::nullopt;
  return die;
}

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

// What an inlined copy, or the body that stands apart, is a copy of; all zero: it is none.
inline Dwarf_Die origin_of(Dwarf_Die& die) {
  Dwarf_Attribute attribute;
  Dwarf_Die origin{};
  if (dwarf_attr(&die, DW_AT_abstract_origin, &attribute) == nullptr ||
      dwarf_formref_die(&attribute, &origin) == nullptr)
    return {};
  return origin;
}

// The DIE that says what the function is.
inline Dwarf_Die origin_or_self(Dwarf_Die& die) {
  const Dwarf_Die origin = origin_of(die);
  return origin.addr == nullptr ? die : origin;
}

// The type that an attribute refers to; none: the reference leads nowhere. Where types have units of their own, gcc
// refers to a stand-in that has nothing but the unit's signature (DWARF 5, 5.7.1).
inline std::optional<Dwarf_Die> type_behind(Dwarf_Attribute& attribute) {
  Dwarf_Attribute signature;
  Dwarf_Die type, whole;
  if (dwarf_formref_die(&attribute, &type) == nullptr) return std::nullopt;
  const bool is_stand_in = dwarf_attr(&type, DW_AT_signature, &signature) != nullptr;
  return is_stand_in && dwarf_formref_die(&signature, &whole) != nullptr ? whole : type;
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

// The mangled name; none: it has none.
inline const char* linkage_name_of(Dwarf_Die& die) {
  Dwarf_Attribute attribute;
  const bool has_one = dwarf_attr_integrate(&die, DW_AT_linkage_name, &attribute) != nullptr ||
                       dwarf_attr_integrate(&die, DW_AT_MIPS_linkage_name, &attribute) != nullptr;
  return has_one ? dwarf_formstring(&attribute) : nullptr;
}

// Where it is declared, as recorded; empty: not known. libdw asserts that the unit's table of files is there once it
// read the lines, which it is not for a split unit; so the table is asked for first. In DWARF 5 file 0 is the unit's
// own, which libdw takes for none.
inline std::string declared_file(Dwarf_Die& die) {
  Dwarf_Die unit;
  Dwarf_Files* files = nullptr;
  std::size_t count = 0;
  if (dwarf_diecu(&die, &unit, nullptr, nullptr) == nullptr || dwarf_getsrcfiles(&unit, &files, &count) != 0) return "";
  if (const char* file = dwarf_decl_file(&die)) return file;
  const auto index = number(die, DW_AT_decl_file);
  const char* own = index && *index == 0 ? dwarf_filesrc(files, 0, nullptr, nullptr) : nullptr;
  return own == nullptr || std::string_view(own) == "???" ? "" : own;
}

// 0: not known. Go before 1.20 tells the lines of the parameters instead, which is that of the function.
inline unsigned declared_line(Dwarf_Die& function) {
  int line = 0;
  if (dwarf_decl_line(&function, &line) == 0 && line > 0) return static_cast<unsigned>(line);
  Dwarf_Die child;
  if (dwarf_child(&function, &child) != 0) return 0;
  do {
    if (dwarf_tag(&child) == DW_TAG_formal_parameter && dwarf_decl_line(&child, &line) == 0 && line > 0)
      return static_cast<unsigned>(line);
  } while (dwarf_siblingof(&child, &child) == 0);
  return 0;
}

// The DIE's own flag: a definition that refers to a declaration is none.
inline bool is_declaration(Dwarf_Die& die) {
  Dwarf_Attribute attribute;
  bool value = false;
  return dwarf_attr(&die, DW_AT_declaration, &attribute) != nullptr && dwarf_formflag(&attribute, &value) == 0 && value;
}

// DIE trees are as deep as blocks nest; hostile ones do not get to overflow our stack.
inline constexpr int deepest_die = 128;

// The entry address; of a DIE with ranges only, the first range's.
inline std::optional<std::uint64_t> entry_of(Dwarf_Die& die) {
  Dwarf_Addr entry = 0, base = 0, start = 0, end = 0;
  if (dwarf_entrypc(&die, &entry) == 0) return entry;
  if (dwarf_ranges(&die, 0, &base, &start, &end) > 0) return start;
  return std::nullopt;
}

// One past the last byte of the range that holds the entry.
inline std::uint64_t end_of(Dwarf_Die& die, std::uint64_t entry) {
  Dwarf_Addr base = 0, start = 0, end = 0;
  for (std::ptrdiff_t at = 0; (at = dwarf_ranges(&die, at, &base, &start, &end)) > 0;)
    if (entry >= start && entry < end) return end;
  return entry;
}

// Depth first, children before siblings. `visit` says whether to go into the DIE.
template <class Visit>
void walk(Dwarf_Die& die, Visit& visit, int depth = 0) {
  Dwarf_Die child;
  if (depth > deepest_die || dwarf_child(&die, &child) != 0) return;
  do {
    if (visit(child)) walk(child, visit, depth + 1);
  } while (dwarf_siblingof(&child, &child) == 0);
}

// gcc splits a function and inlines the head into itself; such a copy is "called" at its own declaration.
inline bool is_split_head(Dwarf_Die& die, Dwarf_Die& origin) {
  const auto call_line = number(die, DW_AT_call_line);
  return call_line && call_line == number(origin, DW_AT_decl_line) &&
         number(die, DW_AT_call_file) == number(origin, DW_AT_decl_file);
}

}  // namespace dtp::debug
