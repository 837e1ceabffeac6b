#include "report/greatest.h"

#include <doctest/doctest.h>
#include <unistd.h>

namespace dtp::report {

TEST_CASE("the greatest rows, and of equal ones the first") {
  const Answer answer{.columns = {{.name = "hits", .aggregate = Aggregate::count}},
                      .histogram = "latency",
                      .each = {{.name = "comm", .of = "comm"}, {.name = "latency", .of = "latency"}},
                      .greatest = 3,
                      .greatest_of = "latency"};
  const std::vector<std::string> names = values_of(answer);
  REQUIRE(names == std::vector<std::string>{"latency", "comm"});
  GreatestRows greatest(answer);
  const auto add = [&](std::uint64_t latency, const char* comm) {
    greatest.add({Cell{{latency}}, Cell{{std::string(comm)}}});
  };
  add(5, "a");
  add(1, "b");
  add(9, "c");
  add(5, "d");
  add(5, "e");
  add(2, "f");
  greatest.add({Cell{}, Cell{{std::string("no number")}}});
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  {
    Output output(ends[1]);
    REQUIRE(greatest.write(output, AnswerFormat::json));
  }
  ::close(ends[1]);
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(::read(ends[0], text.data(), text.size())));
  ::close(ends[0]);
  CHECK(text == "{\"comm\":\"c\",\"latency\":9}\n{\"comm\":\"a\",\"latency\":5}\n{\"comm\":\"d\",\"latency\":5}\n");
}

}  // namespace dtp::report
