// All functions of a file, with their bodies and inlined copies.
#pragma once

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "debug/discovery.h"
#include "debug/dwarf_files.h"

namespace dtp::debug {

// What functions stand in, besides units. Rust's methods stand in their types; C++'s do with a declaration only.
inline bool is_scope(int tag, bool has_methods) {
  return tag == DW_TAG_namespace ||
         (has_methods && (tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type));
}

// Code of a function of a unit; one that was split has several ranges.
struct FunctionRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  Dwarf_Die die = {};
};

// All functions of a unit that have code, in its order.
std::vector<FunctionRange> functions_of_unit(Dwarf_Die& unit);

// The DIE that says where a function is declared: that of its body, or the abstract one of its inlined copies. The file
// matches by the tail of its path.
std::optional<Dwarf_Die> declaration_in(Dwarf_Die& unit, const std::string& name, const std::string& file);

std::vector<FunctionSummary> list_dwarf_functions(const DwarfFiles& files, const NameFilter& is_wanted);

// The file of an abstract DIE of this name; empty: there is none.
std::string find_abstract_function(const DwarfFiles& files, const std::string& name);

}  // namespace dtp::debug
