#include "kernel/governor.h"

#include <algorithm>

namespace dtp::kernel {
namespace {

// What is looked at first, and shortly before the allowance is used up.
constexpr Governor::Time shortest_look{0.01};
// A flood that begins right after a look has no longer than this.
constexpr Governor::Time longest_look{0.2};
// Events that together need no more than this part of the budget are left alone: the others have the rest.
constexpr double undisturbed = 0.75;

}  // namespace

Governor::Governor(GovernorOptions options)
    : cpus_(static_cast<double>(options.cpus)),
      income_(options.budget * cpus_),
      allowance_(income_ * period),
      next_look_(shortest_look) {
  for (const CpuSeconds cost : options.hit_cost) events_.push_back({.cost = cost});
}

// Hits between the order to be off and the end of the last one are counted, too.
void Governor::count(Time passed, std::span<const std::uint64_t> hits) {
  for (std::size_t i = 0; i < events_.size(); ++i) {
    Event& event = events_[i];
    const CpuSeconds cost = static_cast<double>(hits[i] - std::min(hits[i], event.hits)) * event.cost;
    event.hits = hits[i];
    event.spent += cost;
    allowance_ -= cost;
    if (event.watching != Watching::on) continue;
    event.on_for += passed;
    if (event.on_for > Time(0)) event.rate = event.spent / event.on_for;
  }
}

double Governor::rate_of_watched() const {
  double sum = 0;
  for (const Event& event : events_)
    if (event.watching == Watching::on) sum += event.rate;
  return sum;
}

void Governor::step(std::vector<Step>& steps, Event& event, Watching to) const {
  event.watching = to;
  steps.push_back({.event = static_cast<std::size_t>(&event - events_.data()),
                   .to = to,
                   .hits_per_second = event.rate / event.cost.count(),
                   .share = event.rate / cpus_});
}

// The dearest are off first. What pays for the debt of others while it costs little itself stays.
void Governor::save(std::vector<Step>& steps) {
  while (rate_of_watched() > income_ * undisturbed) {
    const auto dearest = std::ranges::max_element(
        events_, {}, [](const Event& event) { return event.watching == Watching::on ? event.rate : -1; });
    step(steps, *dearest, Watching::off);
  }
}

void Governor::begin_period(Time now, std::vector<Step>& steps) {
  const CpuSeconds earned = (now - period_begin_) * income_;
  period_begin_ = now;
  allowance_ = std::min(std::min(allowance_, CpuSeconds(0)) + earned, period * income_);
  for (Event& event : events_) {
    event.spent = CpuSeconds(0);
    event.on_for = Time(0);
    if (event.watching != Watching::off) continue;
    if (allowance_ > CpuSeconds(0))
      step(steps, event, Watching::on);
    else if (-allowance_ > longest_pause * income_)
      step(steps, event, Watching::ended);
  }
}

std::vector<Governor::Step> Governor::look(Time now, std::span<const std::uint64_t> hits) {
  std::vector<Step> steps;
  count(now - looked_, hits);
  looked_ = now;
  if (now - period_begin_ >= period)
    begin_period(now, steps);
  else if (allowance_ <= CpuSeconds(0))
    save(steps);
  const double rate = rate_of_watched();
  const Time left = rate > 0 ? Time(std::max(allowance_.count(), 0.0) / rate) : longest_look;
  next_look_ =
      std::min(std::clamp(left, shortest_look, longest_look), std::max(period_begin_ + period - now, shortest_look));
  return steps;
}

}  // namespace dtp::kernel
