// Runs a recipe: probes for what it asks for, by the first way that this machine takes, and shows the answer.
#pragma once

#include <functional>
#include <vector>

#include "cmd/answer_options.h"
#include "cmd/placing.h"
#include "recipe/recipe.h"
#include "recipe/settings.h"

namespace dtp::cmd {

// A condition with the parameters put in may be wrong where it was right in the file.
Result<void> check_where(const recipe::Recipe& recipe, const recipe::Settings& settings);

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
