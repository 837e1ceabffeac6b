// Runs a recipe: probes for what it asks for, by the first way that this machine takes, and shows the answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cmd/armed.h"
#include "cmd/compile.h"
#include "recipe/recipe.h"
#include "recipe/settings.h"

namespace dtp::cmd {

// An attempt with the parameters put in.
struct FilledAttempt {
  const recipe::Attempt* attempt = nullptr;
  std::string probe = {};
  TargetOptions target = {};
  std::optional<Error> why_not = {};  // it is not tried here; none: it is
};
std::vector<FilledAttempt> fill_attempts(const recipe::Probe& probe, const recipe::Settings& settings,
                                         const TargetOptions& base);

// "10ms", or what a parameter of time became: nanoseconds.
std::chrono::nanoseconds time_of(const std::string& text);

struct AnswerOptions {
  TargetOptions target = {};  // of what is not in the recipe: -k, --no-cache
  kernel::Target watched = {};
  std::int64_t duration_ms = 0;
  std::int64_t every_ms = 0;  // the table is shown again and again; 0: at the end
  report::AnswerFormat format = report::AnswerFormat::text;
  bool announce = true;
  bool from_stream = false;     // --stream: not by the kernel's histograms
  std::string flamegraph = {};  // a file; empty: not wanted
  std::string plot = {};        // likewise
  double budget = 0;            // see kernel/governor.h; 0: none
};

// A condition with the parameters put in may be wrong where it was right in the file.
Result<void> check_where(const recipe::Recipe& recipe, const recipe::Settings& settings);

// A probe of a recipe as this machine has it.
struct Placed {
  const recipe::Probe* probe = nullptr;
  std::unique_ptr<Compilation> compilation = {};  // where it is, for `armed` points into it
  Armed armed = {};
  std::vector<WatchedEvent> watched = {};
};
struct Placement {
  std::string group = {};  // of the events
  std::string more = {};   // what probes of our own fetch besides: the end of a tracefs definition
};
// Each by the first way that this machine takes; those that are optional may be left out.
Result<std::vector<Placed>> place_all(kernel::TraceFs& tracefs, const recipe::Recipe& recipe,
                                      const recipe::Settings& settings, const TargetOptions& base,
                                      const Placement& placement, const Common& common);

// An event, and the probes of a recipe that it serves: two may look at the same tracepoint.
struct ServingEvent {
  WatchedEvent event = {};
  std::vector<const recipe::Probe*> probes = {};
};
Result<std::vector<ServingEvent>> serving_events(const std::vector<Placed>& placed);

// Gives records that were collected before, of these schemas, in the order of time.
using Feed =
    std::function<Result<void>(const std::vector<record::EventSchema>& schemas, const record::Consumer& consumer)>;
// The answer from them.
Result<void> answer_collected(const recipe::Recipe& recipe, const recipe::Settings& settings,
                              const std::vector<ServingEvent>& events, const AnswerOptions& options,
                              const Common& common, const Feed& feed);

Result<int> answer(const recipe::Recipe& recipe, const recipe::Settings& settings, const AnswerOptions& options,
                   const Common& common);

}  // namespace dtp::cmd
