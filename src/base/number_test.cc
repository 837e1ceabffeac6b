#include "base/number.h"

#include <doctest/doctest.h>

#include <cstdint>

namespace dtp::base {

TEST_CASE("texts that are a number from end to end") {
  CHECK(parse_number<std::uint64_t>("18446744073709551615") == UINT64_MAX);
  CHECK(parse_number<int>("-1") == -1);
  CHECK(parse_number<std::uint64_t>("ff", 16) == 255);
  for (const char* none : {"", " 1", "1 ", "1.0", "0x1", "-1", "18446744073709551616"})
    CHECK(!parse_number<std::uint64_t>(none));
  CHECK(!parse_number<std::uint16_t>("65536"));
}

TEST_CASE("what is none changes nothing") {
  std::uint32_t number = 7;
  CHECK(!read_number("x", number));
  CHECK(number == 7);
  CHECK(read_number("8", number));
  CHECK(number == 8);
}

}  // namespace dtp::base
