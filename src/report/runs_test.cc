#include "report/runs.h"

#include <doctest/doctest.h>

namespace dtp::report {
namespace {

const record::EventSchema plain{.event = "step"};
const record::EventSchema switches{.event = "switch",
                                   .fields = {{.name = "next_pid", .kind = record::FieldKind::signed_, .size = 4}}};

record::Record step_of(std::uint64_t time_ns, std::uint32_t tid) {
  return {.schema = &plain, .time_ns = time_ns, .pid = tid, .tid = tid, .comm = "cat"};
}

record::Record switch_of(std::uint64_t time_ns, std::uint32_t tid, std::int64_t next) {
  return {.schema = &switches, .time_ns = time_ns, .pid = tid, .tid = tid, .comm = "cat", .values = {{next}}};
}

Runs runs_over(std::uint64_t over_ns) {
  return {{"thread", "tid", "event", "latency", "since"}, {"tid", "next_pid"}, over_ns};
}

std::string text_of(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    for (const Cell& cell : row) text += cell_text(cell, {}) + " ";
    text += "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("the steps of a run that takes long, of its thread alone") {
  Runs runs = runs_over(100);
  runs.step(step_of(5, 7));
  runs.begin(step_of(10, 7));
  runs.step(step_of(20, 7));
  runs.step(step_of(30, 8));
  runs.step(switch_of(40, 7, 9));
  runs.step(switch_of(60, 9, 7));
  runs.step(switch_of(70, 9, 8));
  runs.step(switch_of(80, 7, 7));
  CHECK(text_of(runs.end(step_of(110, 7))) ==
        "7 7 step 100 - \n7 7 step 100 10 \n7 7 switch 100 20 \n7 9 switch 100 20 \n7 7 switch 100 20 \n"
        "7 7 step 100 30 \n");
  runs.begin(step_of(200, 7));
  runs.step(step_of(210, 7));
  CHECK(runs.end(step_of(299, 7)).empty());
  CHECK(runs.end(step_of(300, 7)).empty());
  runs.begin(step_of(310, 8));
  const RunCounts counts = runs.counts();
  CHECK(counts.ended == 2);
  CHECK(counts.shown == 1);
  CHECK(counts.open == 1);
  CHECK(counts.forgotten == 0);
}

TEST_CASE("runs within runs") {
  Runs runs = runs_over(50);
  runs.begin(step_of(10, 7));
  runs.begin(step_of(20, 7));
  CHECK(runs.end(step_of(30, 7)).empty());
  runs.begin(step_of(40, 7));
  CHECK(text_of(runs.end(step_of(90, 7))) == "7 7 step 50 - \n7 7 step 50 50 \n");
  CHECK(runs.end(step_of(95, 7)).size() == 6);
  CHECK(runs.counts().ended == 3);
  CHECK(runs.counts().open == 0);
}

TEST_CASE("a run without an end has no room for ever") {
  Runs runs = runs_over(1);
  runs.begin(step_of(1, 8));
  runs.begin(step_of(1, 7));
  for (std::uint64_t i = 0; i < Runs::most_steps; ++i) runs.step(step_of(2 + i, 7));
  CHECK(runs.counts().forgotten == 1);
  CHECK(runs.counts().open == 1);
  CHECK(runs.end(step_of(Runs::most_steps + 5, 8)).size() == 2);
  for (std::uint64_t i = 0; i < 2 * Runs::most_deep; ++i) runs.begin(step_of(Runs::most_steps + 6, 9));
  CHECK(runs.counts().open == Runs::most_deep);
  CHECK(runs.counts().forgotten == 1 + Runs::most_deep);
}

}  // namespace dtp::report
