#include "base/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace dtp::base {
namespace {

constexpr std::size_t bar_width = 30;
constexpr auto interval = std::chrono::milliseconds(100);

void put(int fd, std::string_view text) { (void)!::write(fd, text.data(), text.size()); }

}  // namespace

std::string progress_text(std::string_view what, std::uint64_t done, std::uint64_t whole) {
  if (whole == 0) return fmt::format("{}: {} MB", what, done >> 20);
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(whole));
  const auto filled = static_cast<std::size_t>(share * bar_width);
  return fmt::format("{} [{:<{}}] {:3} %", what, std::string(filled, '#'), bar_width, static_cast<int>(share * 100));
}

Progress::Progress(std::string what, int fd, Clock::duration delay)
    : what_(std::move(what)), fd_(fd), is_terminal_(::isatty(fd) == 1), next_(Clock::now() + delay) {}

void Progress::show(std::uint64_t done, std::uint64_t whole) {
  if (!is_terminal_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + interval;
  is_shown_ = true;
  put(fd_, "\r" + progress_text(what_, done, whole));
}

void Progress::clear() {
  if (!std::exchange(is_shown_, false)) return;
  put(fd_, "\r" + std::string(what_.size() + bar_width + 10, ' ') + "\r");
}

}  // namespace dtp::base
