#include "kernel/profile.h"

#include <doctest/doctest.h>

namespace dtp::kernel {
namespace {

std::vector<Profile> seen(std::string_view definitions, std::string_view profile,
                          const std::vector<EventName>& events) {
  std::vector<Profile> profiles(events.size());
  add_profile(definitions, profile, events, profiles);
  return profiles;
}

}  // namespace

TEST_CASE("counts are told apart by the order of the lines") {
  constexpr std::string_view events = "p:probe/a x+0\np:other/a x+0\nr8:probe/b y\np:probe/a z+0\n";
  constexpr std::string_view profile =
      "  a                                                          10               1\n"
      "  a                                                          20               2\n"
      "  b                                                          30               4\n"
      "  a                                                          40               8\n";
  CHECK(seen(events, profile, {{"probe", "a"}, {"probe", "b"}, {"other", "b"}}) ==
        std::vector<Profile>{{true, false, 50, 9}, {true, true, 30, 4}, {}});
  CHECK(seen("p:probe/a x+0\n", profile, {{"probe", "a"}}) == std::vector<Profile>{{}});
  CHECK(seen("p:probe/b x+0\n", "  a   1   2\n", {{"probe", "b"}}) == std::vector<Profile>{{}});
}

TEST_CASE("lines of uprobes begin with a file") {
  constexpr std::string_view events = "p:u/a /bin/x:0x10\nr:u/a /a b/c d:0x10\n";
  constexpr std::string_view profile =
      "  /bin/x a                                            10\n"
      "  /a b/c d a                                            7\n";
  CHECK(seen(events, profile, {{"u", "a"}}) == std::vector<Profile>{{true, true, 17, 0}});
}

TEST_CASE("members of a shared event are counted apart, too") {
  constexpr std::string_view events =
      "p:u/s /bin/x:0x10 dtp_member=\\1:u16\np:u/s /bin/x:0x20 dtp_member=\\2:u16\n"
      "p:u/s /bin/x:0x30 dtp_member=\\2:u16\n";
  const auto before = seen(events, "  /bin/x s  1\n  /bin/x s  2\n  /bin/x s  3\n", {{"u", "s"}});
  const auto after = seen(events, "  /bin/x s  1\n  /bin/x s  9\n  /bin/x s  4\n", {{"u", "s"}});
  CHECK(before == std::vector<Profile>{{true, false, 6, 0, {{1, {1, 0}}, {2, {5, 0}}}}});
  CHECK(after[0] - before[0] == Profile{true, false, 8, 0, {{1, {0, 0}}, {2, {8, 0}}}});
}

}  // namespace dtp::kernel
