#include "report/call_graph.h"

#include <doctest/doctest.h>

#include "report/folded.h"

namespace dtp::report {
namespace {

// main calls parse and run; run calls itself and step; parse inlines peek.
Profile example() {
  Profile profile;
  profile.keys = {parse_key("comm"), parse_key("size")};
  profile.events = {{"probe:hit", 20}};
  profile.functions = {
      {.name = "main"}, {.name = "parse"}, {.name = "peek", .is_inlined = true}, {.name = "run"}, {.name = "st\x1b;p"}};
  profile.groups = {{0, {"cat", "7"}, 1}, {0, {"worker", "123"}, 19}};
  profile.stacks = {
      {0, {0, 1}, 1}, {1, {0, 1, 2}, 8}, {1, {0, 3, 3, 4}, 4}, {1, {0, 3, 4}, 5}, {1, {0}, 2},
  };
  return profile;
}

// What is left in the buffer.
std::string text_of(const Profile& profile, const CallGraphOptions& options) {
  Output output(-1);
  REQUIRE(write_call_graph(output, profile, options));
  return output.buffer();
}

}  // namespace

TEST_CASE("a call graph from who called, with what a limit leaves out") {
  CHECK(text_of(example(), {.percent_limit = 10}) == R"(# Samples: 20 of event 'probe:hit'
#
# Percent  Hits  comm    size
# .......  ....  ......  ....
#
   95.00%    19  worker  123
            |
            ---main
               |
               |--45.00%--run
               |          |
               |          |--25.00%--st\x1b;p
               |          |
               |           --20.00%--run
               |                     st\x1b;p
               |
                --40.00%--parse
                          peek (inlined)

# 1 more below 10%: 1 hits
)");
}

TEST_CASE("a call graph from what was hit") {
  CHECK(text_of(example(), {.order = Order::callee}) == R"(# Samples: 20 of event 'probe:hit'
#
# Percent  Hits  comm    size
# .......  ....  ......  ....
#
   95.00%    19  worker  123
            |
            |--45.00%--st\x1b;p
            |          run
            |          |
            |          |--25.00%--main
            |          |
            |           --20.00%--run
            |                     main
            |
            |--40.00%--peek (inlined)
            |          parse
            |          main
            |
             --10.00%--main

    5.00%     1  cat     7
            |
            ---parse
               main

)");
}

TEST_CASE("without stacks there is the table") {
  Profile profile = example();
  profile.events.push_back({"probe:other", 3});
  profile.groups.push_back({1, {"cat", "-"}, 3});
  CHECK(text_of(profile, {.percent_limit = 0, .with_stacks = false}) == R"(# Samples: 20 of event 'probe:hit'
#
# Percent  Hits  comm    size
# .......  ....  ......  ....
#
   95.00%    19  worker  123
    5.00%     1  cat     7

# Samples: 3 of event 'probe:other'
#
# Percent  Hits  comm    size
# .......  ....  ......  ....
#
  100.00%     3  cat     -
)");
}

TEST_CASE("folded stacks") {
  Output output(-1);
  REQUIRE(write_folded(output, example()));
  CHECK(output.buffer() == R"(cat;7;main;parse 1
worker;123;main 2
worker;123;main;parse;peek 8
worker;123;main;run;run;st\x1b:p 4
worker;123;main;run;st\x1b:p 5
)");
}

}  // namespace dtp::report
