#include "kernel/missed.h"

#include <doctest/doctest.h>

#include <vector>

namespace dtp::kernel {

TEST_CASE("misses are told apart by the order of the lines") {
  constexpr std::string_view events = "p:probe/a x+0\np:other/a x+0\nr8:probe/b y\np:probe/a z+0\n";
  constexpr std::string_view profile =
      "  a                                                          10               1\n"
      "  a                                                          20               2\n"
      "  b                                                          30               4\n"
      "  a                                                          40               8\n";
  CHECK(sum_missed(events, profile, std::vector<EventName>{{"probe", "a"}}) == 9);
  CHECK(sum_missed(events, profile, std::vector<EventName>{{"probe", "a"}, {"probe", "b"}}) == 13);
  CHECK(sum_missed(events, profile, std::vector<EventName>{{"other", "b"}}) == 0);
  CHECK(sum_missed("p:probe/a x+0\n", profile, std::vector<EventName>{{"probe", "a"}}) == 0);
}

}  // namespace dtp::kernel
