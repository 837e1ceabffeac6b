#include "report/trend.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace dtp::report {
namespace {

void add(Trend& trend, std::uint64_t time_ns, Wide first, Wide second) {
  trend.add(time_ns, std::array<Wide, 2>{first, second});
}

const std::vector<TrendLine> lines{{"load", {Show::As::decimal}}, {"blocked", {}}};

}  // namespace

TEST_CASE("steps have what was highest in them, and gaps what was before") {
  Trend trend(2, 10);
  add(trend, 100, 5, 1);
  add(trend, 109, 3, 7);
  add(trend, 110, 4, 0);
  add(trend, 140, 9, 2);
  trend.mark(140);
  CHECK(trend.begin_ns() == 100);
  CHECK(trend.highest(0) == std::vector<Wide>{5, 4, 4, 4, 9});
  CHECK(trend.highest(1) == std::vector<Wide>{7, 0, 0, 0, 2});
  CHECK(trend.marks() == std::vector<bool>{false, false, false, false, true});
}

TEST_CASE("steps grow with the time, and no peak is lost") {
  Trend trend(2, 1);
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    add(trend, 50 + i, i == 77'777 ? 1000 : 1, i == 0 ? 5 : 2);
    if (i == 33'333) trend.mark(50 + i);
  }
  CHECK(trend.step_ns() == 256);
  CHECK(trend.steps() == 391);
  CHECK(trend.highest(0)[77'777 / 256] == 1000);
  CHECK(std::ranges::count(trend.highest(0), 1000) == 1);
  CHECK(trend.highest(1).front() == 5);
  CHECK(trend.marks()[33'333 / 256]);
  CHECK(std::ranges::count(trend.marks(), true) == 1);
  add(trend, UINT64_MAX, 3, 3);
  CHECK(trend.steps() <= Trend::most_steps);
}

TEST_CASE("a trend as text") {
  Trend trend(2, 1);
  for (std::uint64_t i = 0; i < 20; ++i) add(trend, i, static_cast<Wide>(i * 10), i == 7 ? 312 : 0);
  trend.mark(7);
  Output output(-1);
  REQUIRE(write_trend(output, trend, lines, {}));
  CHECK(output.buffer() == R"(# load
  1.90 |                @@@@
       |            @@@@@@@@
       |        @@@@@@@@@@@@
       |    @@@@@@@@@@@@@@@@
     0 | @@@@@@@@@@@@@@@@@@@
# blocked
   312 |       @
       |       @
       |       @
       |       @
     0 |       @
               ^
        0                 20
)");
  Output nothing(-1);
  REQUIRE(write_trend(nothing, Trend(2, 1), lines, {}));
  CHECK(nothing.buffer().empty());
}

TEST_CASE("what a file calls a line is no markup") {
  Trend trend(1, 1);
  trend.add(0, std::array<Wide, 1>{5});
  trend.mark(0);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  {
    Output output(ends[1]);
    REQUIRE(write_trend_svg(output, trend, {{"<b>", {}}}, {}, "a & b"));
  }
  ::close(ends[1]);
  std::string text(65536, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(ends[0], text.data(), text.size()), 0)));
  ::close(ends[0]);
  CHECK(text.contains("&lt;b&gt;"));
  CHECK(text.contains("a &amp; b"));
  CHECK(text.contains("class=\"mark\""));
  CHECK(text.contains("M90.0 78.0H1176.0V"));
  Output output(-1);
  CHECK_FALSE(write_trend_svg(output, Trend(1, 1), {{"a", {}}}, {}, ""));
}

}  // namespace dtp::report
