// The threads of this machine, as /proc tells them.
#pragma once

#include <dirent.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dtracepp/error.h"

namespace dtp::record {

struct ThreadStat {
  std::string comm = {};  // raw, untrusted
  char state = 0;
  std::uint32_t parent = 0;   // of the process
  std::uint64_t threads = 0;  // of the process
  bool operator==(const ThreadStat&) const = default;
};
// Of the text of /proc/PID/stat: "7 (a) b) S 1 ...". The name may have parentheses and blanks.
std::optional<ThreadStat> parse_thread_stat(std::string_view text);

struct Thread {
  pid_t pid = 0;
  pid_t tid = 0;
  ThreadStat stat = {};
};

// All threads of the machine, one after the other.
class Threads {
 public:
  static Result<Threads> open();
  // Until `may_go_on` says no; the next call goes on there. True: those were all, and the next call begins anew.
  bool look(const std::function<bool()>& may_go_on, const std::function<void(const Thread&)>& use);

 private:
  struct Id {
    pid_t pid = 0;
    pid_t tid = 0;
  };
  using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;
  explicit Threads(Folder processes) : processes_(std::move(processes)) {}
  std::optional<pid_t> next_process();
  void look_at(Id id, const std::function<void(const Thread&)>& use);

  Folder processes_;
  std::vector<Id> waiting_ = {};  // further threads of a process
};

// All of them at once; none where /proc is not there.
void each_thread(const std::function<void(const Thread&)>& use);

}  // namespace dtp::record
