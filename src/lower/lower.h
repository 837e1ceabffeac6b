// A request at a target becomes a plan: the tree meets places, variables and types.
#pragma once

#include <string>
#include <vector>

#include "dtracepp/error.h"
#include "dtracepp/path.h"
#include "expr/ast.h"
#include "lower/target.h"

namespace dtp::lower {

// Where the point lies: one spot for each instance of the function, at most `most_spots`.
inline constexpr std::size_t most_spots = 128;
Result<std::vector<Spot>> find_spots(const expr::ProbePoint& point, const Target& target);

// One argument at one spot: several fields for $params and $vars, one otherwise.
Result<std::vector<path::Field>> lower_argument(const expr::ProbeArgument& argument, std::size_t number, const Spot& spot,
                                                const Target& target);

// Group and event as asked for, or as the function's name gives them.
std::string default_group(const Target& target);
std::string default_event(const expr::ProbePoint& point, const Target& target);

Result<path::Plan> lower(const expr::Request& request, const Target& target);

}  // namespace dtp::lower
