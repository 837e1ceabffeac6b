#include "base/quantity.h"

#include <doctest/doctest.h>

namespace dtp::base {

TEST_CASE("sizes have a unit") {
  CHECK(parse_size("100B") == 100);
  CHECK(parse_size("64K") == 65536);
  CHECK(parse_size("64k") == 65536);
  CHECK(parse_size("2G") == std::uint64_t{2} << 30);
  CHECK(parse_size("0B") == 0);
  for (const char* wrong : {"", "64", "K", "1.5M", "64KB", "-1K", "99999999999G"})
    CHECK(parse_size(wrong) == std::nullopt);
}

TEST_CASE("durations have a unit") {
  CHECK(parse_duration_ns("5ns") == 5);
  CHECK(parse_duration_ns("20us") == 20'000);
  CHECK(parse_duration_ns("500ms") == 500'000'000);
  CHECK(parse_duration_ns("2m") == 120'000'000'000);
  CHECK(parse_duration_ns("1h") == 3'600'000'000'000);
  for (const char* wrong : {"", "5", "s", "1 s", "-1s", "9999999999999h"})
    CHECK(parse_duration_ns(wrong) == std::nullopt);
}

}  // namespace dtp::base
