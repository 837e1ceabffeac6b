// How an answer is shown, as the user typed it: of those that run a recipe, and of hist.
#pragma once

#include <string>
#include <vector>

#include "cmd/answering.h"
#include "cmd/command.h"
#include "cmd/govern.h"
#include "cmd/watch.h"

namespace dtp::cmd {

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

report::AnswerFormat to_format(const std::string& format);

// What happens to a process may be done by another: a recipe of the machine watches all.
Result<void> watch_all(const recipe::Recipe& recipe, kernel::Target& watched);

}  // namespace dtp::cmd
