// Whom a capture watches.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "dtracepp/error.h"

namespace dtp::kernel {

// What is watched: the tasks of pids, tids or a user, or of the command when there is none of these, no cgroup and no
// all_cpus; or every task, with a cgroup those that are in it at the time of the hit. `cpus` restricts all of them and
// alone means every task on these.
struct Target {
  bool all_cpus = false;
  std::vector<unsigned> cpus = {};
  std::vector<pid_t> pids = {};  // with all their threads, and the children to come
  std::vector<pid_t> tids = {};
  std::optional<uid_t> user = {};         // whose processes run now, with the children to come
  std::string cgroup = {};                // a directory
  std::vector<std::string> command = {};  // the capture ends with it
};

// Stands for every task where a task is asked for.
constexpr pid_t every_task = -1;

// All that are online, when none is asked for.
Result<std::vector<unsigned>> choose_cpus(const Target& target);
// `command` is its process, 0: there is none.
Result<std::vector<pid_t>> choose_tasks(const Target& target, pid_t command);

}  // namespace dtp::kernel
