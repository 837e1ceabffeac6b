// Whom record and trace watch.
#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"
#include "kernel/target.h"

namespace dtp::cmd {

// As the user typed them.
struct WatchOptions {
  bool all_cpus = false;
  std::string pids = {};
  std::string tids = {};
  std::string cpus = {};
  std::string user = {};
  std::string cgroup = {};
  std::string unit = {};
};
void add_watch_options(CLI::App& command, WatchOptions& options);
// Without any of them every task is watched, as perf does.
Result<kernel::Target> to_target(const WatchOptions& options, const std::vector<std::string>& command);

bool watches_command_only(const kernel::Target& target);

}  // namespace dtp::cmd
