// A static probe of a program as a place for a probe: its note names arguments, arg1 and on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "debug/sdt_argument.h"
#include "debug/sdt_notes.h"
#include "dtracepp/error.h"
#include "dtracepp/path.h"
#include "expr/ast.h"
#include "lower/target.h"

namespace dtp::lower {

struct Options;

struct Usdt {
  debug::SdtNote note = {};
  std::vector<debug::SdtArgument> arguments = {};
};

// All places of the probe PROVIDER:NAME, or sdt_PROVIDER:NAME as perf calls it.
Result<std::vector<Spot>> find_usdt(const expr::ProbePoint& point, const Target& target, const Options& options);

// "sdt_libc", "memory_sbrk_more"
std::string usdt_group(const Usdt& usdt);
std::string usdt_event(const Usdt& usdt);

// The argument that the expression is as a whole: arg1 or $arg1, counted from 1.
std::optional<std::size_t> usdt_argument_of(const expr::ProbeArgument& argument);

// All arguments of the probe are recorded: those that no expression is about are added to `point`, and the fields are
// put in the order of the note. What cannot be read is left out with a warning.
Result<void> add_usdt_arguments(const expr::Request& request, const Spot& spot, const Target& target,
                                path::Point& point, std::vector<Error>& warnings);

}  // namespace dtp::lower
