// Control groups whose tasks perf can watch: directories of the version 1 hierarchy with the controller perf_event, or,
// where there is none, of version 2. A group's children are watched with it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dtracepp/error.h"

namespace dtp::kernel {

// Where that hierarchy is mounted, from the lines of /proc/self/mounts.
std::optional<std::string> cgroup_root_of(std::string_view mounts);
Result<std::string> find_cgroup_root();

// The directory of a group that is named by its path below `root`, or with `root`.
Result<std::string> find_cgroup(const std::string& root, const std::string& path);

// The directory of a unit of systemd, by the name that systemctl takes: "ssh", "ssh.service", "user-0.slice". Of units
// with one name that of the system is meant, not a user's.
Result<std::string> find_unit(const std::string& root, const std::string& name);

}  // namespace dtp::kernel
