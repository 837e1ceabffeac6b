// Which process started which.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace dtp::record {

class ProcessTree {
 public:
  // Those that run now.
  static ProcessTree of_this_machine();

  void fork(std::uint32_t parent, std::uint32_t child);
  // What a record tells. A process that is new to us is looked up in /proc, as long as it is there.
  void see(std::uint32_t pid, std::string_view comm);
  // It, and who started it, and so on: those that are new to us are looked up in /proc.
  void see_family(std::uint32_t pid);

  // 0: not known.
  std::uint32_t parent(std::uint32_t pid) const;
  // Empty: not known.
  const std::string& comm(std::uint32_t pid) const;
  // "systemd > cron > sh", the process itself last. Untrusted.
  std::string chain(std::uint32_t pid) const;

 private:
  struct Process {
    std::uint32_t parent = 0;
    std::string comm = {};
  };
  std::unordered_map<std::uint32_t, Process> processes_ = {};
};

}  // namespace dtp::record
