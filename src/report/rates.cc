#include "report/rates.h"

#include <algorithm>

namespace dtp::report {

void Rates::add(std::size_t event, std::uint64_t time_ns) {
  if (steps_ == 0) begin_ns_ = time_ns;
  // One that comes late, and was before the first, counts as the first.
  const std::uint64_t since = time_ns > begin_ns_ ? time_ns - begin_ns_ : 0;
  while (since / step_ns_ >= most_steps) double_step();
  const auto step = static_cast<std::size_t>(since / step_ns_);
  steps_ = std::max(steps_, step + 1);
  if (hits_.size() <= event) hits_.resize(event + 1, std::vector<std::uint64_t>(most_steps));
  ++hits_[event][step];
}

void Rates::double_step() {
  for (std::vector<std::uint64_t>& hits : hits_) {
    for (std::size_t i = 0; i < most_steps / 2; ++i) hits[i] = hits[2 * i] + hits[2 * i + 1];
    std::fill(hits.begin() + most_steps / 2, hits.end(), 0);
  }
  step_ns_ *= 2;
  steps_ = (steps_ + 1) / 2;
}

}  // namespace dtp::report
