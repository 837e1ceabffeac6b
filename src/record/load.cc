#include "record/load.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <utility>

#include "base/lines.h"
#include "base/number.h"

namespace dtp::record {
namespace {

constexpr const char* average_file = "/proc/loadavg";

// "1.25" are 125.
std::optional<std::uint64_t> parse_hundredths(std::string_view text) {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos || text.size() != point + 3) return std::nullopt;
  const auto whole = base::parse_number<std::uint32_t>(text.substr(0, point));
  const auto part = base::parse_number<std::uint32_t>(text.substr(point + 1));
  if (!whole || !part) return std::nullopt;
  return std::uint64_t{*whole} * 100 + *part;
}

std::chrono::duration<double> read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// The kernel's averages keep this part of themselves in 5 seconds.
double kept_after(std::chrono::duration<double> time) { return std::pow(1884.0 / 2048, time.count() / 5); }

std::uint64_t hundredths_of(double load) { return static_cast<std::uint64_t>(std::llround(load * 100)); }

}  // namespace

std::optional<LoadAverage> parse_load_average(std::string_view text) {
  LoadAverage average;
  for (std::uint64_t* const one : {&average.load1, &average.load5, &average.load15}) {
    const auto number = parse_hundredths(base::take_until(text, ' '));
    if (!number) return std::nullopt;
    *one = *number;
  }
  const std::string_view of_threads = base::take_until(text, ' ');
  const auto running = base::parse_number<std::uint64_t>(of_threads.substr(0, of_threads.find('/')));
  if (!running) return std::nullopt;
  average.running = *running;
  return average;
}

bool Allowance::has_left() { return has_left(read_clock(CLOCK_MONOTONIC), read_clock(CLOCK_THREAD_CPUTIME_ID)); }

void Allowance::forgive() { forgive(read_clock(CLOCK_THREAD_CPUTIME_ID)); }

bool Allowance::has_left(std::chrono::duration<double> now, std::chrono::duration<double> spent) {
  if (cpus_ <= 0) return true;
  if (then_) saved_ += (now - *then_).count() * cpus_ - (spent - spent_).count();
  saved_ = std::min(saved_, cpus_);
  then_ = now;
  spent_ = spent;
  return saved_ > 0;
}

Result<LoadMeter> LoadMeter::open(double cpus) {
  DTP_TRY(base::Fd file, base::open_file(average_file, O_RDONLY));
  DTP_TRY(Threads threads, Threads::open());
  LoadMeter meter(std::move(file), std::move(threads), cpus);
  DTP_TRY(const LoadAverage average, meter.read_average());
  meter.looked_ = meter.counted_ = Clock::now();
  meter.count([] { return true; });
  // What the average is made of is not known. It is shared out as it is now.
  const auto load = static_cast<double>(average.load1) / 100;
  const auto active = static_cast<double>(average.running + meter.blocked_);
  meter.load_blocked_ = active > 0 ? load * static_cast<double>(meter.blocked_) / active : 0;
  meter.load_running_ = load - meter.load_blocked_;
  meter.counts_ = {};
  return meter;
}

Result<LoadAverage> LoadMeter::read_average() const {
  std::array<char, 128> room{};
  const ssize_t size = ::pread(file_.get(), room.data(), room.size(), 0);
  if (size < 0) return fail(base::system_error("cannot read", average_file, errno));
  const std::string_view text(room.data(), static_cast<std::size_t>(size));
  auto average = parse_load_average(text);
  if (!average) return fail({.what = "cannot understand '/proc/loadavg'", .detail = std::string(text)});
  if (average->running > 0) --average->running;  // it is us
  return *average;
}

void LoadMeter::count(const std::function<bool()>& may_go_on) {
  const bool were_all =
      threads_.look(may_go_on, [&](const Thread& thread) { seen_blocked_ += thread.stat.state == 'D' ? 1 : 0; });
  if (!were_all) return;
  const auto now = Clock::now();
  blocked_ = std::exchange(seen_blocked_, 0);
  const double kept = kept_after(now - counted_);
  load_blocked_ = load_blocked_ * kept + static_cast<double>(blocked_) * (1 - kept);
  counts_.longest = std::max<std::chrono::nanoseconds>(counts_.longest, now - counted_);
  ++counts_.times;
  counted_ = now;
}

Result<Load> LoadMeter::look(std::chrono::nanoseconds time) {
  const auto now = Clock::now();
  DTP_TRY(const LoadAverage average, read_average());
  const double kept = kept_after(now - looked_);
  load_running_ = load_running_ * kept + static_cast<double>(average.running) * (1 - kept);
  looked_ = now;
  allowance_.forgive();
  count([&] { return allowance_.has_left() && Clock::now() < now + time; });
  return Load{.time_ns = static_cast<std::uint64_t>(
                  std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count()),
              .average = average,
              .blocked = blocked_,
              .load_running = hundredths_of(load_running_),
              .load_blocked = hundredths_of(load_blocked_)};
}

}  // namespace dtp::record
