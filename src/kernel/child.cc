#include "kernel/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace dtp::kernel {
namespace {

struct Pipe {
  base::Fd read = {};
  base::Fd write = {};
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(base::system_error("cannot make", "a pipe", errno));
  return Pipe{base::Fd(ends[0]), base::Fd(ends[1])};
}

// In the child: only what is safe after fork.
[[noreturn]] void wait_and_exec(char* const* arguments, int go, int failed, const sigset_t& mask) {
  char byte = 0;
  ssize_t got = 0;
  do got = ::read(go, &byte, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1) ::_exit(127);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::execvp(arguments[0], arguments);
  const int error_number = errno;
  (void)!::write(failed, &error_number, sizeof error_number);
  ::_exit(127);
}

}  // namespace

Result<Child> Child::fork_held(const std::vector<std::string>& command, const sigset_t& mask) {
  DTP_TRY(Pipe go, make_pipe());
  DTP_TRY(Pipe failed, make_pipe());
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  Child child;
  child.name_ = command.front();
  child.pid_ = ::fork();
  if (child.pid_ < 0) return fail(base::system_error("cannot start", child.name_, errno));
  if (child.pid_ == 0) {
    ::close(go.write.get());  // else our own end would keep the read below from ending
    wait_and_exec(arguments.data(), go.read.get(), failed.write.get(), mask);
  }
  child.go_ = std::move(go.write);
  child.failed_ = std::move(failed.read);
  child.pidfd_ = base::Fd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0)));
  if (!child.pidfd_) return fail(base::system_error("cannot watch", child.name_, errno));
  return child;
}

Child::~Child() {
  if (pidfd_ && go_ && !is_reaped_) {
    go_ = base::Fd();
    reap();
  }
}

Result<void> Child::release() {
  const base::Fd go = std::move(go_);
  const char byte = 1;
  if (::write(go.get(), &byte, 1) != 1) return fail(base::system_error("cannot start", name_, errno));
  int error_number = 0;
  ssize_t got = 0;
  do got = ::read(failed_.get(), &error_number, sizeof error_number);
  while (got < 0 && errno == EINTR);
  if (got != sizeof error_number) return {};
  reap();
  Error error = base::system_error("cannot run", name_, error_number);
  error.status = Status::wrong_request;
  return fail(std::move(error));
}

void Child::signal(int number) const {
  if (!is_reaped_) (void)::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

void Child::end() const {
  constexpr int patience_ms = 1000;
  signal(SIGTERM);
  pollfd waiting{pidfd_.get(), POLLIN, 0};
  if (::poll(&waiting, 1, patience_ms) != 1) signal(SIGKILL);
}

std::optional<int> Child::reap() {
  if (is_reaped_) return std::nullopt;
  int status = 0;
  pid_t got = 0;
  do got = ::waitpid(pid_, &status, 0);
  while (got < 0 && errno == EINTR);
  is_reaped_ = true;
  if (got != pid_) return std::nullopt;
  return status;
}

std::string after_exec(const std::string& filter, pid_t command) {
  std::array<char, 16> name{};
  ::prctl(PR_GET_NAME, name.data());
  const std::string only = "(common_pid != " + std::to_string(command) + " || COMM != \"" + name.data() + "\")";
  return filter.empty() ? only : only + " && (" + filter + ")";
}

}  // namespace dtp::kernel
