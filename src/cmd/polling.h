// Answers of recipes that poll: the load of the machine, and who makes it when it is over a limit.
#pragma once

#include "cmd/answer_options.h"
#include "recipe/settings.h"

namespace dtp::cmd {

Result<int> answer_polled(const recipe::Recipe& recipe, const recipe::Settings& settings, const AnswerOptions& options,
                          const Common& common);

}  // namespace dtp::cmd
