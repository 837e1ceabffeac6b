// Where an attribute keeps its location expressions: in itself, or in a list elsewhere.
#pragma once

#include <elfutils/libdw.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace dtp::debug {

// The section of this name as libdw reads it; empty: there is none.
std::span<const std::byte> section_of(Dwarf* dwarf, std::string_view name);

// The location lists of units of this version of DWARF, be they in the program or in a .dwo file.
std::span<const std::byte> lists_of(Dwarf* dwarf, unsigned version);

// DW_AT_location or DW_AT_frame_base, so that libdw can read it. False: the DIE has none, or a damaged one.
bool find_location(Dwarf_Die& die, unsigned name, Dwarf_Attribute& attribute);

}  // namespace dtp::debug
