// Numbers added up in bounded memory: exact sum, least and greatest; percentiles within 1/128 of their value.
//
// Each power of two has 64 buckets of equal width, so that a bucket is 1/64 of its numbers wide, and its middle not
// further than 1/128 from any of them. Numbers below 128 have a bucket each. (This is how HdrHistogram counts.)
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace dtp::report {

// Holds every number of 64 bits, with or without a sign, and the sum of as many as there can be.
__extension__ typedef __int128 Wide;

class Distribution {
 public:
  void add(Wide number);

  std::uint64_t count() const { return count_; }
  Wide sum() const { return sum_; }
  // Without numbers the rest is 0.
  double mean() const;
  Wide min() const { return min_; }
  Wide max() const { return max_; }
  // The number that `percent` of all are not above.
  Wide percentile(double percent) const;

  // Numbers between two powers of two, both ends included.
  struct Range {
    Wide first = 0;
    Wide last = 0;
    std::uint64_t count = 0;
    bool operator==(const Range&) const = default;
  };
  // From the least number to the greatest, also the empty ones between them.
  std::vector<Range> ranges() const;

 private:
  // By how many bits the magnitude has; those of a power of two are made when it is first seen.
  using Counts = std::array<std::vector<std::uint64_t>, 65>;
  template <class Visit>
  void visit_buckets(Visit&& visit) const;

  Counts positive_ = {};  // and zero
  Counts negative_ = {};
  std::uint64_t count_ = 0;
  Wide sum_ = 0;
  Wide min_ = 0;
  Wide max_ = 0;
};

}  // namespace dtp::report
