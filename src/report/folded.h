// Stacks as flame graph programs read them: "comm;main;read 17", a line for each stack.
#pragma once

#include "report/output.h"
#include "report/profile.h"

namespace dtp::report {

// The event, where there are several, then the keys, then the functions, outermost first. A ';' in a name becomes ':'.
std::vector<std::string> folded_frames(const Profile& profile, const StackHits& stack);
// The caller flushes.
Result<void> write_folded(Output& output, const Profile& profile);

}  // namespace dtp::report
