// The kernel's refusal of a line, shown under the user's own words.
#pragma once

#include "cmd/compile.h"
#include "kernel/events.h"

namespace dtp::cmd {

// `lines` of `compiled` must be what was written.
Error explain(const kernel::Refusal& refusal, const Compiled& compiled);

}  // namespace dtp::cmd
