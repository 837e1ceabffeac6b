// Where the probe of a function's entry is put. Inner header of this folder.
#pragma once

#include <cstdint>

#include "dtracepp/path.h"
#include "expr/ast.h"
#include "lower/target.h"

namespace dtp::lower {

// Of the function at the spot; 0: not known.
std::uint64_t size_of_function(const Spot& spot, const Target& target);

// Moves the point of a function's entry to where it costs less and all its values are the same, if there is such a
// place. One that was asked for by its offset, line or address stays.
void place_cheaply(path::Point& point, const expr::ProbePoint& asked, const Spot& spot, const Target& target);

}  // namespace dtp::lower
