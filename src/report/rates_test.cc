#include "report/rates.h"

#include <doctest/doctest.h>

#include <numeric>

namespace dtp::report {
namespace {

std::uint64_t sum(const std::vector<std::uint64_t>& hits) {
  return std::accumulate(hits.begin(), hits.end(), std::uint64_t{0});
}

}  // namespace

TEST_CASE("steps grow with the time, and no record is lost") {
  Rates rates;
  for (std::uint64_t i = 0; i < 10'000; ++i) rates.add(i % 4 == 0 ? 1 : 0, 5'000 + i * 1'000);
  CHECK(rates.step_ns() == 32'000);
  CHECK(rates.steps() == 313);
  REQUIRE(rates.hits().size() == 2);
  CHECK(sum(rates.hits()[0]) == 7'500);
  CHECK(sum(rates.hits()[1]) == 2'500);
  CHECK(rates.hits()[0][7] == 24);
  CHECK(rates.hits()[1][7] == 8);
  CHECK(rates.hits()[0][312] == 12);
}

TEST_CASE("a record from before the first, and one from the end of time") {
  Rates rates;
  rates.add(0, 1'000'000);
  rates.add(0, 0);
  CHECK(rates.steps() == 1);
  CHECK(rates.hits()[0][0] == 2);
  rates.add(0, UINT64_MAX);
  CHECK(rates.steps() <= Rates::most_steps);
  CHECK(sum(rates.hits()[0]) == 3);
}

}  // namespace dtp::report
