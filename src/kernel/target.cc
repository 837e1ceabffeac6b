#include "kernel/target.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "kernel/tasks.h"

namespace dtp::kernel {

Result<std::vector<unsigned>> choose_cpus(const Target& target) {
  DTP_TRY(std::vector<unsigned> online, online_cpus());
  if (target.cpus.empty()) return online;
  for (const unsigned cpu : target.cpus) {
    if (!std::binary_search(online.begin(), online.end(), cpu)) {
      return fail({.what = "there is no CPU " + std::to_string(cpu) + " online",
                   .hint = "see /sys/devices/system/cpu/online",
                   .status = Status::wrong_request});
    }
  }
  const std::set<unsigned> once(target.cpus.begin(), target.cpus.end());
  return std::vector<unsigned>(once.begin(), once.end());
}

Result<std::vector<pid_t>> choose_tasks(const Target& target, pid_t command) {
  std::set<pid_t> tasks(target.tids.begin(), target.tids.end());
  for (const pid_t pid : target.pids) {
    const std::vector<pid_t> threads = threads_of(pid);
    if (threads.empty()) return fail({.what = "no process " + std::to_string(pid), .status = Status::wrong_request});
    tasks.insert(threads.begin(), threads.end());
  }
  if (target.user) {
    const std::vector<pid_t> theirs = threads_of_user(*target.user);
    tasks.insert(theirs.begin(), theirs.end());
    tasks.erase(::getpid());  // what we do ourselves would feed us
    if (tasks.empty()) return fail({.what = "no process of user " + std::to_string(*target.user) + " runs"});
  }
  if (!tasks.empty()) return std::vector<pid_t>(tasks.begin(), tasks.end());
  if (target.all_cpus || !target.cpus.empty() || !target.cgroup.empty()) return std::vector<pid_t>{every_task};
  if (command != 0) return std::vector<pid_t>{command};
  return fail({.what = "nothing to record: no process, no CPU and no command",
               .hint = "add -a for the whole system, -p PID, or -- COMMAND",
               .status = Status::wrong_request});
}

}  // namespace dtp::kernel
