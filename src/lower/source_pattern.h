// FUNC;PATTERN and FILE;PATTERN: the lines of the source whose text matches.
#pragma once

#include <vector>

#include "debug/info.h"
#include "dtracepp/error.h"
#include "expr/ast.h"
#include "lower/target.h"

namespace dtp::lower {

// The places of the lines that match and have code. `instances` are those of the point's function.
Result<std::vector<debug::LineInstance>> find_matching_lines(const expr::ProbePoint& point,
                                                             const std::vector<debug::Instance>& instances,
                                                             const Target& target);

}  // namespace dtp::lower
