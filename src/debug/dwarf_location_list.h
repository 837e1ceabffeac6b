// Where an attribute keeps its location expressions: in itself, or in a list elsewhere.
#pragma once

#include <elfutils/libdw.h>

namespace dtp::debug {

// DW_AT_location or DW_AT_frame_base, so that libdw can read it. False: the DIE has none, or a damaged one.
bool find_location(Dwarf_Die& die, unsigned name, Dwarf_Attribute& attribute);

}  // namespace dtp::debug
