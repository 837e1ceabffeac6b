#include "record/load.h"

#include <doctest/doctest.h>

namespace dtp::record {

TEST_CASE("the load by its file") {
  CHECK(parse_load_average("0.20 1.18 12.05 3/80 11206\n") == LoadAverage{20, 118, 1205, 3});
  for (const char* text : {"", "1", "1.2 1.25 1.25 1/2 3", "1.25 1.25 1.25", "1.25 1.25 1.25 x/2 3",
                           "-1.25 1.25 1.25 1/2 3", "99999999999.00 1.25 1.25 1/2 3"})
    CHECK_MESSAGE(!parse_load_average(text), text);
}

TEST_CASE("CPU time that may be spent") {
  using Seconds = std::chrono::duration<double>;
  Allowance allowance(0.1);
  CHECK_FALSE(allowance.has_left(Seconds(100), Seconds(3)));
  CHECK(allowance.has_left(Seconds(101), Seconds(3)));
  CHECK_FALSE(allowance.has_left(Seconds(101), Seconds(3.2)));
  CHECK_FALSE(allowance.has_left(Seconds(101.9), Seconds(3.2)));
  CHECK(allowance.has_left(Seconds(102.1), Seconds(3.2)));
  // No more is saved than what one second gives.
  CHECK(allowance.has_left(Seconds(1000), Seconds(3.2)));
  CHECK_FALSE(allowance.has_left(Seconds(1000), Seconds(3.31)));
  CHECK(allowance.has_left(Seconds(1001), Seconds(3.31)));
  allowance.forgive(Seconds(500));
  CHECK(allowance.has_left(Seconds(1001), Seconds(500.01)));
  CHECK(Allowance(0).has_left(Seconds(1), Seconds(1000)));
}

TEST_CASE("the load of this machine") {
  auto meter = LoadMeter::open(0);
  REQUIRE(meter);
  const auto first = meter->look(std::chrono::seconds(60));
  const auto second = meter->look(std::chrono::seconds(60));
  REQUIRE(first);
  REQUIRE(second);
  CHECK(second->time_ns > first->time_ns);
  CHECK(meter->counts().times == 2);
  CHECK(meter->counts().longest.count() > 0);
  // Nothing is looked at in no time.
  REQUIRE(meter->look(std::chrono::seconds(0)));
  CHECK(meter->counts().times == 2);
}

}  // namespace dtp::record
