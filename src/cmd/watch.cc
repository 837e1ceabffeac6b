#include "cmd/watch.h"

#include <pwd.h>

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "base/suggest.h"
#include "cmd/number_list.h"
#include "cmd/wrong_word.h"
#include "kernel/cgroup.h"

namespace dtp::cmd {
namespace {

Error no_user(const std::string& name) {
  std::vector<std::string> names;
  ::setpwent();
  while (const passwd* user = ::getpwent()) names.emplace_back(user->pw_name);
  ::endpwent();
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return wrong_word("-u", name, "there is no user '" + name + "'", base::did_you_mean(base::nearest(name, candidates)));
}

// By name or number; a number needs no name.
Result<uid_t> find_user(const std::string& text) {
  if (const passwd* user = ::getpwnam(text.c_str())) return user->pw_uid;
  uid_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc{} && last == end) return number;
  return fail(no_user(text));
}

// The directory of --cgroup or --unit.
Result<std::string> find_group(const WatchOptions& options) {
  DTP_TRY(const std::string root, kernel::find_cgroup_root());
  return options.unit.empty() ? kernel::find_cgroup(root, options.cgroup) : kernel::find_unit(root, options.unit);
}

}  // namespace

void add_watch_options(CLI::App& command, WatchOptions& options) {
  command.add_flag("-a,--all-cpus", options.all_cpus,
                   "watch every process; the default without -p, -t, -C and a command");
  command.add_option("-p,--pid", options.pids, "watch these processes with their threads and children to come")
      ->type_name("PID[,PID]");
  command.add_option("-t,--tid", options.tids, "watch these threads")->type_name("TID[,TID]");
  command.add_option("-C,--cpu", options.cpus, "watch these CPUs only")->type_name("CPUS");
  command.add_option("-u,--user", options.user, "watch the processes of this user, with their children to come")
      ->type_name("USER");
  command.add_option("--cgroup", options.cgroup, "watch what is in this control group")->type_name("PATH");
  command.add_option("--unit", options.unit, "watch what is in this unit of systemd: ssh, cron.service")
      ->type_name("NAME");
  // Each says whose hits are wanted: two of them would contradict each other.
  const std::vector<std::string> whose{"--user", "--cgroup", "--unit"};
  for (const std::string& one : whose) {
    for (const char* other : {"--all-cpus", "--pid", "--tid"})
      command.get_option(one)->excludes(command.get_option(other));
    for (const std::string& other : whose)
      if (other < one) command.get_option(one)->excludes(command.get_option(other));
  }
}

Result<kernel::Target> to_target(const WatchOptions& options, const std::vector<std::string>& command) {
  kernel::Target target{.all_cpus = options.all_cpus, .command = command};
  DTP_TRY(target.cpus, parse_numbers("-C", options.cpus, true));
  DTP_TRY(const std::vector<unsigned> pids, parse_numbers("-p", options.pids, false));
  DTP_TRY(const std::vector<unsigned> tids, parse_numbers("-t", options.tids, false));
  target.pids.assign(pids.begin(), pids.end());
  target.tids.assign(tids.begin(), tids.end());
  if (!options.user.empty()) {
    DTP_TRY(target.user, find_user(options.user));
  }
  if (!options.cgroup.empty() || !options.unit.empty()) {
    DTP_TRY(target.cgroup, find_group(options));
  }
  const bool is_anybody = !target.user && target.cgroup.empty() && pids.empty() && tids.empty();
  if (is_anybody && command.empty()) target.all_cpus = true;
  return target;
}

bool watches_command_only(const kernel::Target& target) {
  return !target.all_cpus && target.pids.empty() && target.tids.empty() && target.cpus.empty() && !target.user &&
         target.cgroup.empty();
}

}  // namespace dtp::cmd
