#include "report/phases.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace dtp::report {
namespace {

// Letters are phases: "a" is entered and "A" is left, a nanosecond after the letter before. "(" and ")" are the whole.
std::string told(std::string_view steps) {
  Phases phases({"a", "b", "c"});
  std::string out;
  std::uint64_t now = 100;
  for (const char step : steps) {
    ++now;
    if (step == '(') phases.begin(7, now);
    if (step == ')') append_phases_json(out, phases.end(7, now));
    if (step >= 'a' && step <= 'c') phases.enter(7, static_cast<std::size_t>(step - 'a'), now);
    if (step >= 'A' && step <= 'C') phases.leave(7, static_cast<std::size_t>(step - 'A'), now);
  }
  return out;
}

TEST_CASE("phases within phases") {
  struct Row {
    std::string_view steps;
    std::string_view wanted;
  };
  static constexpr Row rows[] = {
      {"()", "[]"},
      {"(aA)", R"([{"phase":"a","depth":0,"calls":1,"took":1}])"},
      {"(aAaA)", R"([{"phase":"a","depth":0,"calls":2,"took":2}])"},
      {"(abBbBA)", R"([{"phase":"a","depth":0,"calls":1,"took":5},{"phase":"b","depth":1,"calls":2,"took":2}])"},
      // What began first stands first.
      {"(bBaA)", R"([{"phase":"b","depth":0,"calls":1,"took":1},{"phase":"a","depth":0,"calls":1,"took":1}])"},
      // The same phase in another one is another line.
      {"(aAbaAB)",
       R"([{"phase":"a","depth":0,"calls":1,"took":1},{"phase":"b","depth":0,"calls":1,"took":3},{"phase":"a","depth":1,"calls":1,"took":1}])"},
      // A phase that calls itself takes no time twice.
      {"(aaaAAA)", R"([{"phase":"a","depth":0,"calls":3,"took":5}])"},
      // What was not seen to end ends with what it is in.
      {"(abA)", R"([{"phase":"a","depth":0,"calls":1,"took":2},{"phase":"b","depth":1,"calls":1,"took":1}])"},
      {"(ab)", R"([{"phase":"a","depth":0,"calls":1,"took":2},{"phase":"b","depth":1,"calls":1,"took":1}])"},
      // What was not seen to begin is nothing.
      {"(A)", "[]"},
      {"aA(bB)", R"([{"phase":"b","depth":0,"calls":1,"took":1}])"},
      {"(a(bB)A)", R"([{"phase":"b","depth":0,"calls":1,"took":1}][{"phase":"a","depth":0,"calls":1,"took":5}])"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.steps);
    CHECK(told(row.steps) == row.wanted);
  }
}

TEST_CASE("phases as lines") {
  Phases phases({"plan", "look"});
  phases.begin(1, 1000);
  phases.enter(1, 0, 2000);
  for (std::uint64_t i = 0; i < 10; ++i) {
    phases.enter(1, 1, 3000 + 100 * i);
    phases.leave(1, 1, 3050 + 100 * i);
  }
  phases.leave(1, 0, 6000);
  const std::vector<std::string> lines = phase_lines(phases.end(1, 11'000));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "        plan         1 call     4.00 us   40.0 %");
  CHECK(lines[1] == "          look      10 calls     500 ns    5.0 %");
}

TEST_CASE("phases without end are bounded") {
  Phases phases({"a", "b"});
  phases.begin(1, 0);
  for (std::uint64_t i = 0; i < 3000; ++i) phases.enter(1, i % 2, i);
  const std::vector<std::string> lines = phase_lines(phases.end(1, 3000));
  REQUIRE(lines.size() == 1024);
  CHECK(lines.back().contains("left out"));
}

}  // namespace
}  // namespace dtp::report
