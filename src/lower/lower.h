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

struct Lowered {
  std::vector<path::Field> fields = {};  // several for $params and $vars, one otherwise
  std::vector<Error> warnings = {};
};

// One argument at one spot.
Result<Lowered> lower_argument(const expr::ProbeArgument& argument, std::size_t number, const Spot& spot,
                               const Target& target);

// --fprobe: an fprobe in place of a kprobe. It reads parameters, not registers.
Result<void> check_function_probe(const expr::ProbePoint& point, const Spot& spot);
Result<void> use_function_probe(path::Point& point, const expr::Request& request, const arch::Arch& arch);

// "probe", or "probe_" and the program's name.
std::string default_group(const Target& target);
// As asked for, or as the function's name gives it; a return probe's ends in "__return".
std::string default_event(const expr::ProbePoint& point);

// Of several places those where an argument cannot be read are left out, unless `require_all`; none is left: an error.
Result<path::Plan> lower(const expr::Request& request, const Target& target, bool require_all = false);

}  // namespace dtp::lower
