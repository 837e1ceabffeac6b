#include "report/line.h"

#include <doctest/doctest.h>
#include <time.h>

#include <cstdlib>

namespace dtp::report {
namespace {

using Kind = Column::Kind;

const record::EventSchema schema{.group = "g", .event = "e", .fields = {{.name = "pid"}, {.name = "size"}}};

}  // namespace

TEST_CASE("columns are words, or fields") {
  for (std::size_t i = 0; i < column_words.size(); ++i)
    CHECK(parse_column(column_words[i]).kind == static_cast<Kind>(i));
  CHECK(parse_column("size") == Column{Kind::field, "size"});
  CHECK(parse_column("fields.pid") == Column{Kind::field, "pid"});
  CHECK(parse_column("fields").kind == Kind::fields);
}

TEST_CASE("steps leave out what an event has not") {
  const auto steps = make_steps({{Kind::ip}, {Kind::field, "none"}, {Kind::fields}, {Kind::time}}, schema);
  REQUIRE(steps.size() == 3);
  CHECK(steps[0].field == &schema.fields[0]);
  CHECK(steps[1].place == 1);
  CHECK(steps[2].kind == Kind::time);
}

TEST_CASE("times since the first line, since the one before, and of the day") {
  const auto shown = [](const LineOptions& options) {
    LineTimes times(options);
    return std::vector<std::uint64_t>{times.shown(100), times.shown(130), times.shown(170)};
  };
  CHECK(shown({}) == std::vector<std::uint64_t>{100, 130, 170});
  CHECK(shown({.times = Times::relative}) == std::vector<std::uint64_t>{0, 30, 70});
  CHECK(shown({.times = Times::delta}) == std::vector<std::uint64_t>{0, 30, 40});
  CHECK(shown({.times = Times::wall, .wall_offset_ns = -10}) == std::vector<std::uint64_t>{90, 120, 160});
}

TEST_CASE("the time of day has its zone") {
  const auto text = [](const char* zone, std::uint64_t time_ns, int digits) {
    ::setenv("TZ", zone, 1);
    ::tzset();
    std::string out;
    WallText().append(out, time_ns, digits);
    return out;
  };
  CHECK(text("UTC", 1'763'729'516'123'456'789, 6) == "2025-11-21T12:51:56.123456+00:00");
  CHECK(text("IST-5:30", 1'763'729'516'000'000'001, 9) == "2025-11-21T18:21:56.000000001+05:30");
  CHECK(text("NST3:30", 0, 6) == "1969-12-31T20:30:00.000000-03:30");
  ::unsetenv("TZ");
}

}  // namespace dtp::report
