#include "report/difference.h"

#include <doctest/doctest.h>

namespace dtp::report {
namespace {

Profile before() {
  Profile profile;
  profile.keys = {parse_key("comm"), parse_key("size")};
  profile.events = {{"probe:hit", 20}, {"probe:gone", 1}};
  profile.functions = {{.name = "main", .module = "/bin/cat"}, {.name = "run\x1b", .module = "/bin/cat"}};
  profile.groups = {{0, {"cat", "1"}, 20}, {1, {"cat", "-"}, 1}};
  profile.stacks = {{0, {0, 1, 1}, 5}, {0, {0}, 15}, {1, {}, 1}};
  return profile;
}

Profile after() {
  Profile profile;
  profile.keys = before().keys;
  profile.events = {{"probe:hit", 1000}};
  // In another order, and where the file is now.
  profile.functions = {{.name = "[libc.so.6]", .module = "/lib/libc.so.6"},
                       {.name = "run\x1b", .module = "/usr/bin/cat"},
                       {.name = "main", .module = "/usr/bin/cat"},
                       {.name = "rare", .module = "/usr/bin/cat"}};
  profile.groups = {{0, {"cat", "1"}, 250}, {0, {"dog", "2"}, 750}};
  profile.stacks = {{0, {2, 1}, 250}, {1, {2, 1, 0}, 746}, {1, {2, 1, 0, 3}, 4}};
  return profile;
}

std::string text_of(const Profile& before, const Profile& after, const DifferenceOptions& options) {
  Output output(-1);
  REQUIRE(write_difference(output, before, after, options));
  return output.buffer();
}

}  // namespace

TEST_CASE("functions by the change of their share") {
  CHECK(text_of(before(), after(), {}) == R"(# Event 'probe:gone': 1 hits before, 0 after
#
#  Change   Before    After  Function
# .......  .......  .......  ........
#

# Event 'probe:hit': 20 hits before, 1000 after
#
#  Change   Before    After  Function
# .......  .......  .......  ........
#
   +75.00    0.00%   75.00%  [libc.so.6]
   +75.00   25.00%  100.00%  run\x1b (cat)
    +0.00  100.00%  100.00%  main (cat)

# 1 more below 0.5%
)");
}

TEST_CASE("keys, where there are no stacks or none are wanted") {
  const std::string expected = R"(# Event 'probe:gone': 1 hits before, 0 after
#
#  Change   Before    After  comm, size
# .......  .......  .......  ..........
#
  -100.00  100.00%    0.00%  cat, -

# Event 'probe:hit': 20 hits before, 1000 after
#
#  Change   Before    After  comm, size
# .......  .......  .......  ..........
#
   -75.00  100.00%   25.00%  cat, 1
   +75.00    0.00%   75.00%  dog, 2
)";
  CHECK(text_of(before(), after(), {.with_functions = false}) == expected);
  Profile flat_before = before();
  Profile flat_after = after();
  for (Profile* profile : {&flat_before, &flat_after})
    for (StackHits& stack : profile->stacks) stack.functions.clear();
  CHECK(text_of(flat_before, flat_after, {}) == expected);
}

}  // namespace dtp::report
