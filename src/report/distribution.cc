#include "report/distribution.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace dtp::report {
namespace {

constexpr unsigned step_bits = 6;  // 64 buckets for each power of two

// Magnitudes of `bits` bits: from `first` on, each bucket has 2^shift of them.
struct Scale {
  explicit Scale(std::size_t bits)
      : first(bits == 0 ? 0 : std::uint64_t{1} << (bits - 1)),
        shift(bits > step_bits + 1 ? static_cast<unsigned>(bits) - 1 - step_bits : 0),
        buckets(bits == 0 ? 1 : static_cast<std::size_t>(first >> shift)) {}
  std::uint64_t first;
  unsigned shift;
  std::size_t buckets;

  std::uint64_t middle(std::size_t bucket) const {
    return first + (static_cast<std::uint64_t>(bucket) << shift) + ((std::uint64_t{1} << shift) >> 1);
  }
};

std::uint64_t magnitude_of(Wide number) { return static_cast<std::uint64_t>(number < 0 ? -number : number); }

}  // namespace

void Distribution::add(Wide number) {
  const std::uint64_t magnitude = magnitude_of(number);
  const auto bits = static_cast<std::size_t>(std::bit_width(magnitude));
  const Scale scale(bits);
  std::vector<std::uint64_t>& buckets = (number < 0 ? negative_ : positive_)[bits];
  if (buckets.empty()) buckets.resize(scale.buckets);
  ++buckets[static_cast<std::size_t>((magnitude - scale.first) >> scale.shift)];
  min_ = count_ == 0 ? number : std::min(min_, number);
  max_ = count_ == 0 ? number : std::max(max_, number);
  sum_ += number;
  ++count_;
}

double Distribution::mean() const {
  return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

// In ascending order, until visit(number in the middle, count) is true.
template <class Visit>
void Distribution::visit_buckets(Visit&& visit) const {
  for (std::size_t bits = negative_.size(); bits-- > 0;) {
    const std::vector<std::uint64_t>& buckets = negative_[bits];
    for (std::size_t i = buckets.size(); i-- > 0;)
      if (buckets[i] > 0 && visit(-Wide{Scale(bits).middle(i)}, buckets[i])) return;
  }
  for (std::size_t bits = 0; bits < positive_.size(); ++bits) {
    const std::vector<std::uint64_t>& buckets = positive_[bits];
    for (std::size_t i = 0; i < buckets.size(); ++i)
      if (buckets[i] > 0 && visit(Wide{Scale(bits).middle(i)}, buckets[i])) return;
  }
}

Wide Distribution::percentile(double percent) const {
  const auto rank = static_cast<std::uint64_t>(std::ceil(percent / 100.0 * static_cast<double>(count_)));
  if (rank >= count_) return max_;
  std::uint64_t seen = 0;
  Wide found = 0;
  visit_buckets([&](Wide middle, std::uint64_t count) {
    found = middle;
    seen += count;
    return seen >= rank;
  });
  return std::clamp(found, min_, max_);
}

std::vector<Distribution::Range> Distribution::ranges() const {
  std::vector<Range> ranges;
  if (count_ == 0) return ranges;
  const auto append = [&](const std::vector<std::uint64_t>& buckets, Wide first, Wide last) {
    if (last < min_ || first > max_) return;
    std::uint64_t count = 0;
    for (const std::uint64_t bucket : buckets) count += bucket;
    ranges.push_back({first, last, count});
  };
  const auto last_of = [](std::size_t bits) { return (Wide{1} << bits) - 1; };
  for (std::size_t bits = negative_.size(); bits-- > 1;)
    append(negative_[bits], -last_of(bits), -Wide{Scale(bits).first});
  for (std::size_t bits = 0; bits < positive_.size(); ++bits)
    append(positive_[bits], Wide{Scale(bits).first}, last_of(bits));
  return ranges;
}

}  // namespace dtp::report
