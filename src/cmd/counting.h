// Answers that are only counted, added up by the kernel's own histograms: no record leaves the kernel.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/answer_options.h"
#include "cmd/meanings.h"
#include "cmd/placing.h"
#include "kernel/histogram.h"
#include "kernel/sample_maker.h"
#include "kernel/signals.h"
#include "report/row.h"
#include "report/table.h"

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

// The name of the thread at the time of the hit, where nobody follows the names of threads: a field of the probe.
constexpr std::string_view comm_field = "dtp_comm";

// What a key of a histogram is in a record.
struct KeyPlace {
  enum class Of { thread, comm, cpu, field };
  Of of = Of::field;
  std::size_t field = 0;  // in the schema
};

// An event with its histogram.
struct CountedEvent {
  record::EventSchema schema = {};       // with the fields that are keys
  std::vector<KeyPlace> places = {};     // of the histogram's keys
  std::vector<std::size_t> sum_of = {};  // of each column of the answer: the histogram's sum, if it is one
  std::vector<bool> is_signed = {};      // of the histogram's sums
  kernel::HistogramEvent histogram = {};
};
// The histograms that give an answer, which fill_answer() has filled. The error's text is why there are none.
Result<std::vector<CountedEvent>> counted_events(const report::Answer& answer,
                                                 const std::vector<WatchedEvent>& watched);

// Events in the kernel, and what is to be counted of them.
struct CountedSetup {
  std::unique_ptr<Compilation> compilation = {};  // `armed` points into it
  Armed armed = {};
  std::vector<WatchedEvent> watched = {};
  report::Answer answer = {};
  std::vector<CountedEvent> events = {};
};
// By the first way of the recipe's probe that can be counted here; `group` is that of the events.
Result<CountedSetup> set_up_counting(kernel::TraceFs& tracefs, const recipe::Recipe& recipe,
                                     const recipe::Settings& settings, const TargetOptions& base,
                                     const std::string& group, const Meanings& meanings);

// Puts what was counted into the table; `rows` are of the answer's values.
void add_histogram(report::AnswerTable& table, const report::Answer& answer, report::RowMaker& rows,
                   const CountedEvent& event, const kernel::Histogram& histogram, kernel::Processes& processes);

}  // namespace dtp::cmd
