// A thread that runs or is blocked, with what /proc knows of why.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "record/threads.h"

namespace dtp::record {

struct BusyThread {
  Thread thread = {};
  std::string waits_in = {};            // a function of the kernel; empty: it waits for nothing
  std::string cgroup = {};              // a path
  std::vector<std::string> stack = {};  // functions of the kernel, innermost first; root alone may know
};
BusyThread read_busy_thread(const Thread& thread);

// Of the text of /proc/PID/stack: "[<0>] vfs_read+0x9d/0x2b0 [module]" each.
std::vector<std::string> parse_kernel_stack(std::string_view text);
// Of the text of /proc/PID/cgroup: that of version 2, else the first.
std::string parse_cgroup(std::string_view text);

}  // namespace dtp::record
