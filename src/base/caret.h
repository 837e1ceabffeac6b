// An error as a person reads it: what, where with a caret, hint.
#pragma once

#include <string>

#include "dtracepp/error.h"

namespace dtp::base {

// The error and those of the same request after it, each closed by a newline. Untrusted bytes are
// escaped. `verbose` adds the detail; colours are those of a terminal.
std::string format_error(const Error& error, bool verbose, bool with_colour = false);

}  // namespace dtp::base
