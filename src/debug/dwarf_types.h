// Type DIEs as our types.
#pragma once

#include <elfutils/libdw.h>

#include "debug/dwarf_files.h"
#include "dtracepp/type.h"

namespace dtp::debug {

// The key of a type is its DIE's; the upper byte counts the dimensions of an array that are
// already indexed.
type::Type load_dwarf_type(const DwarfFiles& files, type::Id id);

// The DW_AT_type of a DIE; key 0 where there is none.
type::Id type_of(Dwarf_Die& die);

}  // namespace dtp::debug
