// A profile as text: a line for each group of hits, with its call graph below.
#pragma once

#include "report/call_tree.h"
#include "report/output.h"

namespace dtp::report {

struct CallGraphOptions {
  Order order = Order::caller;
  double percent_limit = 0.5;  // of the event's hits: what is below is left out
  bool with_stacks = true;
  bool with_colour = false;  // of a terminal: great shares stand out
};

// In the shape of perf report --stdio. The caller flushes.
Result<void> write_call_graph(Output& output, const Profile& profile, const CallGraphOptions& options);

}  // namespace dtp::report
