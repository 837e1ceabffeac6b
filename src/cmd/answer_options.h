// How an answer is asked for and shown: of those that run a recipe, and of hist and latency.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cmd/command.h"
#include "cmd/compile.h"
#include "cmd/govern.h"
#include "cmd/watch.h"
#include "recipe/recipe.h"
#include "report/table.h"

namespace dtp::cmd {

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

// As the user typed it.
struct AnswerFlags {
  WatchOptions watch = {};
  std::string duration = {};
  std::string every = {};
  std::size_t top = 0;
  std::string format = "text";
  bool from_stream = false;
  std::string flamegraph = {};
  std::string plot = {};
  GovernOptions govern = {};
};
void add_answer_options(CLI::App& command, AnswerFlags& flags);
// `target`: of what is probed.
Result<AnswerOptions> to_answer_options(const AnswerFlags& flags, const TargetOptions& target,
                                        const std::vector<std::string>& command, const Common& common);

// "10ms", or what a parameter of time became: nanoseconds.
std::chrono::nanoseconds time_of(const std::string& text);

report::AnswerFormat to_format(const std::string& format);

// What happens to a process may be done by another: a recipe of the machine watches all.
Result<void> watch_all(const recipe::Recipe& recipe, kernel::Target& watched);

}  // namespace dtp::cmd
