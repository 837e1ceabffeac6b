// Functions that this kernel takes no kprobe in.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "kernel/tracefs.h"

namespace dtp::kernel {

// Two lists of the kernel's: of the functions that a probe would bring down, and of those that can be traced at all.
// Both are read when they are first asked; one that cannot be read forbids nothing.
class Forbidden {
 public:
  explicit Forbidden(TraceFs& tracefs, std::string blacklist = "/sys/kernel/debug/kprobes/blacklist",
                     std::string config_directory = "/boot")
      : tracefs_(tracefs), blacklist_path_(std::move(blacklist)), config_directory_(std::move(config_directory)) {}

  // One clause; empty: none that is known.
  std::string why(const std::string& function);

 private:
  void read();

  TraceFs& tracefs_;
  std::string blacklist_path_;
  std::string config_directory_;
  bool is_read_ = false;
  std::set<std::string, std::less<>> blacklist_ = {};
  std::optional<std::set<std::string, std::less<>>> traceable_ = {};  // none: all
};

}  // namespace dtp::kernel
