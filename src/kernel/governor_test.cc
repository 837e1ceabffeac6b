#include "kernel/governor.h"

#include <doctest/doctest.h>

#include <string>

namespace dtp::kernel {
namespace {

// Events that are hit all the time while they are on, on a machine of two CPUs: a second allows 0.1 s of CPU time.
class Machine {
 public:
  struct Load {
    double cost = 0;  // of a hit, in microseconds
    double rate = 0;  // hits a second
  };
  explicit Machine(std::vector<Load> loads, double budget = 0.05)
      : loads_(std::move(loads)), governor_(options(loads_, budget)), is_on_(loads_.size(), true) {
    hits_.resize(loads_.size());
    watched_.resize(loads_.size());
  }

  // To switch an event off takes a while, in which it is still hit.
  void run(double seconds, double delay = 0.03) {
    for (const double end = now_ + seconds; now_ < end;) {
      pass(governor_.next_look().count());
      for (const Governor::Step& step : look()) {
        if (step.to == Governor::Watching::off) pass(delay);
        is_on_[step.event] = step.to == Governor::Watching::on;
        log += std::to_string(step.event) + (step.to == Governor::Watching::on    ? " on, "
                                             : step.to == Governor::Watching::off ? " off, "
                                                                                  : " ended, ");
        last = step;
      }
    }
  }
  void set_rate(std::size_t event, double rate) { loads_[event].rate = rate; }
  double share() const { return spent_ / now_ / 2; }
  double watched(std::size_t event) const { return watched_[event] / now_; }

  std::string log = {};
  Governor::Step last = {};
  double worst_second = 0;  // share of the machine in a second from one look to another

 private:
  static GovernorOptions options(const std::vector<Load>& loads, double budget) {
    GovernorOptions options{.budget = budget, .cpus = 2};
    for (const Load& load : loads) options.hit_cost.emplace_back(load.cost * 1e-6);
    return options;
  }
  void pass(double seconds) {
    now_ += seconds;
    for (std::size_t i = 0; i < loads_.size(); ++i) {
      if (!is_on_[i]) continue;
      hits_[i] += loads_[i].rate * seconds;
      spent_ += loads_[i].rate * seconds * loads_[i].cost * 1e-6;
      watched_[i] += seconds;
    }
    past_.emplace_back(now_, spent_);
    while (past_.front().first < now_ - 1) past_.erase(past_.begin());
    worst_second = std::max(worst_second, (spent_ - past_.front().second) / 2);
  }
  std::vector<Governor::Step> look() {
    const std::vector<std::uint64_t> counts(hits_.begin(), hits_.end());
    return governor_.look(Governor::Time(now_), counts);
  }

  std::vector<Load> loads_;
  Governor governor_;
  std::vector<bool> is_on_;
  std::vector<double> hits_ = {};
  std::vector<double> watched_ = {};
  std::vector<std::pair<double, double>> past_ = {};
  double now_ = 0, spent_ = 0;
};

}  // namespace

TEST_CASE("what is within the budget is never disturbed") {
  Machine machine({{5, 15'000}, {1, 20'000}});
  machine.run(100);
  CHECK(machine.log.empty());
}

TEST_CASE("an event that takes a whole CPU is watched in windows, and the budget is kept") {
  Machine machine({{5, 200'000}});
  machine.run(0.2);
  CHECK(machine.log == "0 off, ");
  CHECK(machine.last.share == doctest::Approx(0.5).epsilon(0.1));
  CHECK(machine.last.hits_per_second == doctest::Approx(200'000).epsilon(0.1));
  machine.run(100);
  CHECK(machine.share() == doctest::Approx(0.05).epsilon(0.1));
  CHECK(machine.watched(0) == doctest::Approx(0.1).epsilon(0.1));
  CHECK(machine.worst_second < 0.15);
  CHECK_FALSE(machine.log.contains("ended"));
}

TEST_CASE("a little more than the budget costs a little of the time") {
  Machine machine({{5, 24'000}});  // 6 %
  machine.run(100);
  CHECK(machine.share() <= 0.052);
  CHECK(machine.watched(0) > 0.75);
}

TEST_CASE("what costs little goes on beside what costs much") {
  Machine machine({{5, 200'000}, {5, 8'000}});
  machine.run(100);
  CHECK(machine.watched(0) < 0.1);
  CHECK(machine.watched(1) == doctest::Approx(1));
  CHECK(machine.share() <= 0.055);
}

TEST_CASE("several that cost much share what there is") {
  Machine machine({{5, 100'000}, {5, 120'000}, {5, 110'000}});
  machine.run(100);
  CHECK(machine.share() <= 0.055);
  for (std::size_t i = 0; i < 3; ++i) CHECK(machine.watched(i) > 0.01);
}

TEST_CASE("a flood that comes later has no second, and when it is over the event is on again") {
  Machine machine({{5, 0}});
  machine.run(50.5);
  CHECK(machine.log.empty());
  machine.set_rate(0, 400'000);
  machine.run(10);
  CHECK(machine.log.starts_with("0 off, 0 on, "));
  CHECK(machine.worst_second < 0.35);
  machine.set_rate(0, 0);
  machine.run(20);
  machine.log.clear();
  machine.run(20);
  CHECK(machine.log.empty());
}

TEST_CASE("what could have a window every minute only is switched off for good") {
  Machine machine({{5, 400'000}}, 0.0005);
  machine.run(100);
  CHECK(machine.log == "0 off, 0 ended, ");
  CHECK(machine.share() < 0.001);
}

}  // namespace dtp::kernel
