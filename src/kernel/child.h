// The command that a capture runs: forked at once, so that it can be watched, and held before exec.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "dtracepp/error.h"

namespace dtp::kernel {

// Killed with the object when it still waits for release(); a running one is left to kill() and reap().
class Child {
 public:
  // `mask` is the signal mask that the command gets.
  static Result<Child> fork_held(const std::vector<std::string>& command, const sigset_t& mask);
  Child(Child&&) noexcept = default;
  Child& operator=(Child&&) = delete;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }  // readable when it has ended
  // Lets it exec. The error is that of exec: no such command.
  Result<void> release();
  void signal(int number) const;
  // It is asked to end; if that takes more than a second it has no choice.
  void end() const;
  // Its status, once it has ended; waits.
  std::optional<int> reap();

 private:
  Child() = default;
  pid_t pid_ = 0;
  std::string name_ = {};
  base::Fd pidfd_ = {};
  base::Fd go_ = {};      // a byte here releases it, closing it ends it
  base::Fd failed_ = {};  // the errno of exec, or nothing
  bool is_reaped_ = false;
};

// Before its exec the command is a child that is called as we are, which nobody wants to see: a filter of an event, in
// the kernel's language, without it.
std::string after_exec(const std::string& filter, pid_t command);

}  // namespace dtp::kernel
