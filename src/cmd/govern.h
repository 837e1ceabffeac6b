// What record and trace do so that their probes do not slow the machine down: see kernel/governor.h.
#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"
#include "kernel/capture.h"

namespace dtp::cmd {

// As the user typed them.
struct GovernOptions {
  bool is_off = false;
  std::string budget = {};  // percent; empty: 5
};
void add_govern_options(CLI::App& command, GovernOptions& options);
// For kernel::CaptureOptions: a part of the machine, 0 without a governor.
Result<double> to_budget(const GovernOptions& options);

// What hits cost.
void estimate_costs(kernel::TraceFs& tracefs, std::vector<kernel::CaptureEvent>& events);

// For kernel::Sink: says that an event costs more than the budget, and what becomes of it.
void print_overspent(const std::string& event, const kernel::Overspent& overspent, double budget);

}  // namespace dtp::cmd
