#include "kernel/ticks.h"

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "base/file.h"
#include "kernel/child.h"

namespace dtp::kernel {
namespace {

using Clock = std::chrono::steady_clock;

Result<base::Fd> make_timer(std::chrono::nanoseconds period) {
  base::Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(period);
  const timespec time{seconds.count(), (period - seconds).count()};
  const itimerspec wanted{.it_interval = time, .it_value = time};
  if (!timer || ::timerfd_settime(timer.get(), 0, &wanted, nullptr) != 0)
    return fail(base::system_error("cannot set", "a timer", errno));
  return timer;
}

class Ticker {
 public:
  Ticker(const TickOptions& options, StopSignals& signals) : options_(options), signals_(signals) {}

  Result<Ticked> run(const std::function<Result<void>()>& on_tick) {
    DTP_TRY(timer_, make_timer(options_.period));
    if (!options_.command.empty()) {
      DTP_TRY(Child child, Child::fork_held(options_.command, signals_.before()));
      child_.emplace(std::move(child));
      DTP_CHECK(child_->release());
    }
    const Result<void> done = loop(on_tick);
    if (child_ && !is_command_gone_) child_->end();
    if (!done) return std::unexpected(done.error());
    ticked_.ending = {.why = *why_, .seconds = std::chrono::duration<double>(Clock::now() - begin_).count()};
    if (child_) ticked_.ending.command_status = child_->reap();
    return ticked_;
  }

 private:
  // As in a capture: a command is asked to come to its end, and asked twice it has no choice.
  void ask_to_end(Ended reason) {
    if (child_ && !is_command_gone_) child_->signal(why_ ? SIGKILL : SIGTERM);
    if (!why_) why_ = reason;
  }

  Result<void> loop(const std::function<Result<void>()>& on_tick) {
    const auto end = begin_ + std::chrono::milliseconds(options_.duration_ms);
    for (;;) {
      std::array<pollfd, 3> waiting{pollfd{signals_.fd(), POLLIN, 0}, pollfd{timer_.get(), POLLIN, 0},
                                    pollfd{child_ && !is_command_gone_ ? child_->pidfd() : -1, POLLIN, 0}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR)
        return fail(base::system_error("cannot poll", "a timer", errno));
      while (signals_.take()) ask_to_end(Ended::signal);
      if (waiting[2].revents != 0) is_command_gone_ = true;
      std::uint64_t expired = 0;
      if (::read(timer_.get(), &expired, sizeof expired) == sizeof expired) {
        ++ticked_.ticks;
        ticked_.left_out += expired - 1;
        DTP_CHECK(on_tick());
      }
      if (options_.duration_ms > 0 && !why_ && Clock::now() >= end) ask_to_end(Ended::duration);
      if (!why_ && is_command_gone_) why_ = Ended::command_exited;
      if (why_ && (!child_ || is_command_gone_)) return {};
    }
  }

  const TickOptions& options_;
  StopSignals& signals_;
  base::Fd timer_ = {};
  std::optional<Child> child_ = {};
  bool is_command_gone_ = false;
  std::optional<Ended> why_ = {};
  Clock::time_point begin_ = Clock::now();
  Ticked ticked_ = {};
};

}  // namespace

Result<Ticked> tick(const TickOptions& options, StopSignals& signals, const std::function<Result<void>()>& on_tick) {
  return Ticker(options, signals).run(on_tick);
}

}  // namespace dtp::kernel
