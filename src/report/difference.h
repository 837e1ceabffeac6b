// Two profiles side by side, as text.
#pragma once

#include "report/output.h"
#include "report/profile.h"

namespace dtp::report {

struct DifferenceOptions {
  double percent_limit = 0.5;  // of the event's hits: what has less in both is left out
  bool with_functions = true;  // where there are stacks; else the keys are compared
};

// The share that each function has part in, of the hits of its event in either profile: most change first.
Result<void> write_difference(Output& output, const Profile& before, const Profile& after,
                              const DifferenceOptions& options);

}  // namespace dtp::report
