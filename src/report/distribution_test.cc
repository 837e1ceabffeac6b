#include "report/distribution.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace dtp::report {
namespace {

Distribution of(const std::vector<Wide>& numbers) {
  Distribution distribution;
  for (const Wide number : numbers) distribution.add(number);
  return distribution;
}

// The slow twin: the number itself.
Wide exact(std::vector<Wide> numbers, double percent) {
  std::ranges::sort(numbers);
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100.0 * static_cast<double>(numbers.size())));
  return numbers[std::max<std::size_t>(rank, 1) - 1];
}

bool is_near(Wide seen, Wide wanted) {
  const Wide distance = seen < wanted ? wanted - seen : seen - wanted;
  return 128 * distance <= (wanted < 0 ? -wanted : wanted);
}

}  // namespace

TEST_CASE("percentiles are within 1/128, of numbers of every size and sign") {
  std::mt19937_64 random(7);
  for (unsigned bits = 1; bits <= 64; bits += 3) {
    std::vector<Wide> numbers;
    for (int i = 0; i < 1000; ++i) {
      const Wide number = random() >> (64 - bits) >> random() % bits;
      numbers.push_back(bits % 2 == 0 ? number : -number);
    }
    const Distribution distribution = of(numbers);
    for (const double percent : {0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
      CAPTURE(bits);
      CAPTURE(percent);
      CHECK(is_near(distribution.percentile(percent), exact(numbers, percent)));
    }
  }
}

TEST_CASE("numbers below 128 are counted one by one") {
  std::vector<Wide> numbers;
  for (int i = -127; i < 128; ++i) numbers.push_back(i);
  for (const double percent : {0.1, 10.0, 33.3, 50.0, 77.7, 99.5})
    CHECK(of(numbers).percentile(percent) == exact(numbers, percent));
}

TEST_CASE("sum, mean, least and greatest are exact") {
  const Distribution most = of({UINT64_MAX, UINT64_MAX, INT64_MIN});
  CHECK(most.count() == 3);
  CHECK(most.sum() == Wide{UINT64_MAX} * 2 + INT64_MIN);
  CHECK(most.min() == INT64_MIN);
  CHECK(most.max() == UINT64_MAX);
  CHECK(most.percentile(100) == UINT64_MAX);
  CHECK(of({1, 2}).mean() == 1.5);
  const Distribution none;
  CHECK(none.mean() == 0);
  CHECK(none.percentile(50) == 0);
  CHECK(none.ranges().empty());
}

TEST_CASE("ranges are powers of two, without a gap") {
  using Range = Distribution::Range;
  CHECK(of({0, 1, 3, 9, 9}).ranges() == std::vector<Range>{{0, 0, 1}, {1, 1, 1}, {2, 3, 1}, {4, 7, 0}, {8, 15, 2}});
  CHECK(of({-5, -1, 2}).ranges() ==
        std::vector<Range>{{-7, -4, 1}, {-3, -2, 0}, {-1, -1, 1}, {0, 0, 0}, {1, 1, 0}, {2, 3, 1}});
  CHECK(of({UINT64_MAX}).ranges() == std::vector<Range>{{Wide{1} << 63, UINT64_MAX, 1}});
}

}  // namespace dtp::report
