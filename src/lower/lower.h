// A request at a target becomes a plan: the tree meets places, variables and types.
#pragma once

#include <string>
#include <vector>

#include "dtracepp/error.h"
#include "dtracepp/path.h"
#include "expr/ast.h"
#include "lower/target.h"

namespace dtp::lower {

struct Options {
  std::size_t max_probes = 128;  // places of one request
  bool no_inlines = false;       // leave inlined copies out
  bool require_all = false;      // an argument that cannot be read at one of the places is an error
  bool exact_entry = false;      // a function's entry is probed on its first byte, whatever that costs
};

// Where the point lies: one spot for each instance of the function, or of all functions that match a pattern.
Result<std::vector<Spot>> find_spots(const expr::ProbePoint& point, const Target& target, const Options& options = {});

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
// As asked for, or as the name of the function at the spot gives it; a return probe's ends in "__return".
std::string default_event(const expr::ProbePoint& point, const Spot& spot);

// What a request becomes.
struct Outcome {
  std::vector<path::Plan> plans = {};  // one an event: several of a pattern, one otherwise
  std::vector<path::Omission> omitted = {};
};

// Of several places those where an argument cannot be read are left out; when none is left that is an error.
Result<Outcome> lower(const expr::Request& request, const Target& target, const Options& options = {});

}  // namespace dtp::lower
