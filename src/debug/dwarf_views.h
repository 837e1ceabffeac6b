// Views (DW_AT_GNU_locviews, DW_AT_GNU_entry_view): the states that the source goes through at one address, before the
// instruction there runs.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>

#include "debug/dwarf_expression.h"

namespace dtp::debug {

// Where the variable is at this view of the address, by its location list; none: the list does not tell views apart, or
// has nothing there.
std::optional<Program> location_at_view(Dwarf_Die& variable, Dwarf_Attribute& location, std::uint64_t address,
                                        std::uint64_t view);

}  // namespace dtp::debug
