// Numbers as tables and histograms, and as JSON.
#pragma once

#include "report/numbers.h"
#include "report/output.h"

namespace dtp::report {

enum class Histograms {
  none,
  all,   // of all numbers of an event together
  each,  // of each group
};

Result<void> write_stats(Output& output, const Numbers& numbers, Histograms histograms);
// A line for each event, and for each of its groups, with "keys".
Result<void> write_stats_json(Output& output, const Numbers& numbers);

}  // namespace dtp::report
