#include "kernel/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace dtp::kernel {
namespace {

bool is_ignored(int signal) {
  struct sigaction action = {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Result<StopSignals> StopSignals::block() {
  StopSignals signals;
  sigset_t& wanted = signals.wanted_;
  ::sigemptyset(&wanted);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) ::sigaddset(&wanted, signal);
  // A blocked signal is kept even where it is ignored, so it must be left out here.
  if (!is_ignored(SIGHUP)) ::sigaddset(&wanted, SIGHUP);
  signals.fd_ = base::Fd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.fd_ || ::sigprocmask(SIG_BLOCK, &wanted, &signals.before_) != 0) {
    return fail(base::system_error("cannot receive", "signals", errno));
  }
  signals.active_ = true;
  return signals;
}

Result<void> StopSignals::add_request() {
  ::sigaddset(&wanted_, SIGUSR2);
  if (::signalfd(fd_.get(), &wanted_, 0) < 0 || ::sigprocmask(SIG_BLOCK, &wanted_, nullptr) != 0)
    return fail(base::system_error("cannot receive", "signals", errno));
  return {};
}

StopSignals::StopSignals(StopSignals&& other) noexcept
    : fd_(std::move(other.fd_)),
      wanted_(other.wanted_),
      before_(other.before_),
      active_(std::exchange(other.active_, false)) {}

StopSignals::~StopSignals() {
  if (!active_) return;
  // One that came and was not looked at must not kill us now that all is put away.
  while (take()) {
  }
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> StopSignals::take() {
  signalfd_siginfo info = {};
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace dtp::kernel
