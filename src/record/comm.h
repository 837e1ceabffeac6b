// Names of threads over time, as COMM and FORK records tell them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dtp::record {

// A thread that runs now.
struct Task {
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::string comm = {};
};

// The threads of /proc; those that end meanwhile are left out.
std::vector<Task> running_tasks();

class CommTable {
 public:
  // `time`: from when on; 0: always.
  void set(std::uint32_t tid, std::string_view comm, std::uint64_t time = 0);
  // A new thread has its parent's name until it gets its own.
  void fork(std::uint32_t tid, std::uint32_t parent_tid);
  // ":1234" for a thread that nothing told of, as perf has it. Valid until the next change.
  const std::string& name(std::uint32_t tid);
  // As of then, if there was no more than one change since.
  const std::string& name_at(std::uint32_t tid, std::uint64_t time);

 private:
  struct Past {
    std::string name = {};
    std::uint64_t until = 0;
  };
  std::unordered_map<std::uint32_t, std::string> names_{{0, "swapper"}};
  std::unordered_map<std::uint32_t, Past> past_ = {};
};

}  // namespace dtp::record
