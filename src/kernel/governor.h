// How much of the machine the probes of a recording may cost. Knows no kernel and no clock: counts in, decisions out.
//
// Each second has an allowance of CPU time: the budget's share of all CPUs. What probes cost is the number of their
// hits by what one hit costs (hit_cost.h). When the allowance is used up, the events that cost most are off for the
// rest of the second; what was too much is taken from the seconds to come. So such an event is watched in windows of
// time. One whose next window would be further away than `longest_pause` is watched no more.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace dtp::kernel {

using CpuSeconds = std::chrono::duration<double>;

struct GovernorOptions {
  double budget = 0.05;  // of all CPUs
  std::size_t cpus = 1;
  std::vector<CpuSeconds> hit_cost = {};  // of each event
};

class Governor {
 public:
  using Time = std::chrono::duration<double>;  // since the recording began
  static constexpr Time period{1};
  static constexpr Time longest_pause{60};

  enum class Watching { on, off, ended };
  struct Step {
    std::size_t event = 0;
    Watching to = Watching::on;
    double hits_per_second = 0;  // when it was last watched
    double share = 0;            // of the machine, that they cost
  };

  explicit Governor(GovernorOptions options);

  // `hits` of each event so far. The steps are to be done at once.
  std::vector<Step> look(Time now, std::span<const std::uint64_t> hits);
  // How long until it is worth to look again.
  Time next_look() const { return next_look_; }

 private:
  struct Event {
    CpuSeconds cost{0};  // of a hit
    std::uint64_t hits = 0;
    Watching watching = Watching::on;
    CpuSeconds spent{0};  // in this period
    Time on_for{0};       // of this period
    double rate = 0;      // CPU seconds a second, while it is watched
  };

  void count(Time passed, std::span<const std::uint64_t> hits);
  void save(std::vector<Step>& steps);
  void begin_period(Time now, std::vector<Step>& steps);
  double rate_of_watched() const;
  void step(std::vector<Step>& steps, Event& event, Watching to) const;

  std::vector<Event> events_;
  double cpus_;
  double income_;         // CPU seconds a second
  CpuSeconds allowance_;  // left of this period's
  Time looked_{0};
  Time period_begin_{0};
  Time next_look_;
};

}  // namespace dtp::kernel
