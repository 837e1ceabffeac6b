// Runs a recipe: probes for what it asks for, by the first way that this machine takes, and shows the answer.
#pragma once

#include <chrono>
#include <cstdint>
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

Result<int> answer(const recipe::Recipe& recipe, const recipe::Settings& settings, const AnswerOptions& options,
                   const Common& common);

}  // namespace dtp::cmd
