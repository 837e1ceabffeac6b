// The load of this machine, as /proc tells it: it is looked at often, so as cheaply as can be.
//
// /proc/loadavg knows how many threads run or want to, and costs 1 us. Who is in state D stands only in the files of
// the threads, which cost 10 us each; procs_blocked of /proc/stat counts only those that wait for a disk. So threads
// are counted in pieces, as many at a time as there is CPU time for.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/file.h"
#include "dtracepp/error.h"
#include "record/threads.h"

namespace dtp::record {

// Averages are in hundredths.
struct LoadAverage {
  std::uint64_t load1 = 0;
  std::uint64_t load5 = 0;
  std::uint64_t load15 = 0;
  std::uint64_t running = 0;  // threads that run or wait for a CPU
  bool operator==(const LoadAverage&) const = default;
};
// Of the text of /proc/loadavg: "0.20 0.18 0.12 1/80 11206".
std::optional<LoadAverage> parse_load_average(std::string_view text);

// CPU time of this thread that may be spent, so much a second. What was not spent can be spent later, of one second.
class Allowance {
 public:
  explicit Allowance(double cpus) : cpus_(cpus) {}  // 0: no bound
  bool has_left();
  // What was spent since it was asked last was for something else.
  void forgive();
  // The same, with the clocks.
  bool has_left(std::chrono::duration<double> now, std::chrono::duration<double> spent);
  void forgive(std::chrono::duration<double> spent) { spent_ = spent; }

 private:
  double cpus_;
  double saved_ = 0;
  std::optional<std::chrono::duration<double>> then_ = {};
  std::chrono::duration<double> spent_{0};
};

struct Load {
  std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC
  LoadAverage average = {};   // `running` is without us
  std::uint64_t blocked = 0;  // threads in state D when they were counted last
  // What of load1 is due to either, in hundredths: averages that fall and rise as it does.
  std::uint64_t load_running = 0;
  std::uint64_t load_blocked = 0;
};

// How often threads were counted.
struct CountTimes {
  std::uint64_t times = 0;
  std::chrono::nanoseconds longest{0};  // from one count to the next
};

class LoadMeter {
 public:
  // `cpus`: how much of them it may take to count threads; 0: no bound. Counts all threads at once, this time.
  static Result<LoadMeter> open(double cpus);
  // Looks at the load, then counts threads for at most `time`.
  Result<Load> look(std::chrono::nanoseconds time);
  const CountTimes& counts() const { return counts_; }

 private:
  using Clock = std::chrono::steady_clock;
  LoadMeter(base::Fd file, Threads threads, double cpus)
      : file_(std::move(file)), threads_(std::move(threads)), allowance_(cpus) {}
  Result<LoadAverage> read_average() const;
  void count(const std::function<bool()>& may_go_on);

  base::Fd file_;
  Threads threads_;
  Allowance allowance_;
  CountTimes counts_ = {};
  std::uint64_t seen_blocked_ = 0;  // by the count that is going on
  std::uint64_t blocked_ = 0;
  double load_running_ = 0;
  double load_blocked_ = 0;
  Clock::time_point looked_ = {};
  Clock::time_point counted_ = {};
};

}  // namespace dtp::record
