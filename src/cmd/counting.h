// Answers that are only counted, added up by the kernel's own histograms: no record leaves the kernel.
#pragma once

#include <optional>
#include <string>

#include "cmd/answering.h"
#include "kernel/signals.h"

namespace dtp::cmd {

// Empty: the answer is of counts, sums and means of one probe, as histograms have them. Else why it is not.
std::string why_not_counted(const recipe::Recipe& recipe, const recipe::Settings& settings,
                            const AnswerOptions& options);

struct CountedAnswer {
  std::optional<int> status = {};  // of the program; none: not here, and nothing is left behind
  std::string why_not = {};
};
// The same answer as that of the stream, which is to be asked where this kernel cannot give it.
Result<CountedAnswer> count_in_kernel(kernel::TraceFs& tracefs, const recipe::Recipe& recipe,
                                      const recipe::Settings& settings, const AnswerOptions& options,
                                      const Common& common, kernel::StopSignals& signals);

}  // namespace dtp::cmd
