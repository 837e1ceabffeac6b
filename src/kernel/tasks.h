// Tasks and CPUs of this machine, as /proc and /sys tell them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>
#include <vector>

#include "dtracepp/error.h"

namespace dtp::kernel {

// The threads of a process, in ascending order; none when it is gone.
std::vector<pid_t> threads_of(pid_t pid);

// The threads of all processes that run as this user (the effective one), in ascending order.
std::vector<pid_t> threads_of_user(uid_t user);
// Of the text of /proc/PID/status.
std::optional<uid_t> user_of_status(std::string_view status);

// "0-3,7": each once, in ascending order; none for anything else.
std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text);
Result<std::vector<unsigned>> online_cpus();

}  // namespace dtp::kernel
