// Return probes of Go functions. Inner header of this folder.
#pragma once

#include <vector>

#include "expr/ast.h"
#include "lower/target.h"

namespace dtp::lower {

// The spots of a return probe: of Go functions, one at each return instruction; others as they are.
Result<std::vector<Spot>> at_go_returns(std::vector<Spot> spots, const expr::ProbePoint& point, const Target& target);

}  // namespace dtp::lower
