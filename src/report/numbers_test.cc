#include "report/numbers.h"

#include <doctest/doctest.h>

#include <cstdio>

#include "report/stats.h"

namespace dtp::report {
namespace {

using record::FieldKind;

const record::EventSchema entry{
    .group = "probe",
    .event = "read",
    .fields = {{.name = "name", .kind = FieldKind::string}, {.name = "size", .kind = FieldKind::signed_}},
    .is_probe = true};
const record::EventSchema leave{.group = "probe",
                                .event = "read__return",
                                .fields = {{.name = "got", .kind = FieldKind::unsigned_}},
                                .is_probe = true,
                                .is_return = true};

record::Record enter(std::uint32_t tid, std::uint64_t time_ns, const std::string& name) {
  return {.schema = &entry, .time_ns = time_ns, .tid = tid, .comm = "cat", .values = {{name}, {std::int64_t{-8}}}};
}
record::Record leave_at(std::uint32_t tid, std::uint64_t time_ns) {
  return {.schema = &leave, .time_ns = time_ns, .tid = tid, .comm = "cat", .values = {{std::uint64_t{time_ns}}}};
}

template <class Adder>
Numbers add_up(Adder adder, const std::vector<record::Record>& records) {
  for (const record::Record& record : records) adder.add(record);
  return std::move(adder).finish();
}

Numbers latency(const std::vector<record::Record>& records, const std::vector<Key>& keys = {}) {
  symbol::Symbolizer symbols({});
  return add_up(Latency(entry, leave, keys, symbols), records);
}

// What `write` writes into a file.
template <class Write>
std::string written(Write write) {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  Output output(::fileno(file));
  CHECK(write(output));
  std::rewind(file);
  std::string text(100'000, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("a field's numbers by key; what could not be read is counted apart") {
  symbol::Symbolizer symbols({});
  record::Record broken = enter(1, 3, "b");
  broken.values[1].of = value::Absent{"fault"};
  const Numbers numbers =
      add_up(FieldNumbers("size", {parse_key("name"), parse_key("tid")}, symbols),
             {enter(1, 1, "a"), enter(1, 2, "b"), broken, enter(2, 4, "b"), enter(2, 4, "b"), leave_at(1, 5)});
  REQUIRE(numbers.events.size() == 1);
  const EventNumbers& event = numbers.events[0];
  CHECK(event.event == "probe:read");
  CHECK(event.unreadable == 1);
  CHECK(event.all.count() == 4);
  CHECK(event.all.sum() == -32);
  REQUIRE(event.groups.size() == 3);
  CHECK(event.groups[0].keys == std::vector<std::string>{"b", "2"});
  CHECK(event.groups[0].values.count() == 2);
}

TEST_CASE("groups beyond the limit are counted, not kept") {
  symbol::Symbolizer symbols({});
  FieldNumbers adder("size", {parse_key("tid")}, symbols);
  for (std::uint32_t tid = 0; tid < most_groups + 5; ++tid) adder.add(enter(tid, 1, "a"));
  const Numbers numbers = std::move(adder).finish();
  CHECK(numbers.events[0].groups.size() == most_groups);
  CHECK(numbers.events[0].ungrouped == 5);
  CHECK(numbers.events[0].all.count() == most_groups + 5);
}

TEST_CASE("a return belongs to the last entry of its thread") {
  const Numbers numbers = latency({enter(1, 100, "outer"), enter(2, 110, "other"), enter(1, 120, "inner"),
                                   leave_at(1, 150), leave_at(2, 1110), leave_at(1, 200)},
                                  {parse_key("name")});
  REQUIRE(numbers.events[0].groups.size() == 3);
  const auto time_of = [&](const std::string& name) {
    for (const NumberGroup& group : numbers.events[0].groups)
      if (group.keys[0] == name) return group.values.sum();
    return Wide{-1};
  };
  CHECK(time_of("inner") == 30);
  CHECK(time_of("outer") == 100);
  CHECK(time_of("other") == 1000);
  CHECK(numbers.open_calls == 0);
  CHECK(numbers.lone_returns == 0);
}

TEST_CASE("keys that only the return has are taken from it") {
  const Numbers numbers = latency({enter(1, 1, "a"), leave_at(1, 9)}, {parse_key("got"), parse_key("comm")});
  CHECK(numbers.events[0].groups[0].keys == std::vector<std::string>{"9", "cat"});
}

TEST_CASE("entries and returns that have no other half are counted") {
  const Numbers numbers = latency({leave_at(1, 1), enter(1, 2, "a"), leave_at(1, 3), leave_at(1, 4), enter(1, 5, "b")});
  CHECK(numbers.events[0].all.count() == 1);
  CHECK(numbers.lone_returns == 2);
  CHECK(numbers.open_calls == 1);
}

TEST_CASE("threads and depth are bounded") {
  OpenCalls<int> calls;
  for (int i = 0; i < 5000; ++i) calls.enter(1, i);
  int left = 0;
  while (calls.leave(1)) ++left;
  CHECK(left == 1024);
  CHECK(calls.unfinished() == 5000 - 1024);
  OpenCalls<int> wide;
  for (std::uint32_t thread = 0; thread < 70'000; ++thread) wide.enter(thread, 0);
  CHECK(wide.unfinished() == 70'000);
  CHECK_FALSE(wide.leave(0));
  CHECK(wide.leave(69'999));
}

TEST_CASE("a return ends what was called inside, too") {
  OpenCalls<char> calls;
  for (const char call : {'a', 'b', 'c'}) calls.enter(1, call);
  CHECK_FALSE(calls.leave(1, [](char call) { return call == 'x'; }));
  const auto left = calls.leave(1, [](char call) { return call == 'b'; });
  REQUIRE(left);
  CHECK(left->call == 'b');
  CHECK(left->inside == 1);
  CHECK(calls.unfinished() == 2);
  CHECK(calls.leave(1)->call == 'a');
}

TEST_CASE("times are shown with three digits in a unit that suits") {
  const auto shown = [](std::uint64_t time_ns) {
    const std::string text = written([&](Output& output) {
      return write_stats(output, latency({enter(1, 0, "a"), leave_at(1, time_ns)}), Histograms::none);
    });
    return text.substr(text.rfind("  ") + 2);  // Max, the last column
  };
  CHECK(shown(0) == "0 ns\n");
  CHECK(shown(999) == "999 ns\n");
  CHECK(shown(1000) == "1.00 us\n");
  CHECK(shown(9'996) == "10.0 us\n");
  CHECK(shown(12'345) == "12.3 us\n");
  CHECK(shown(999'499) == "999 us\n");
  CHECK(shown(999'500) == "1.00 ms\n");
  CHECK(shown(1'500'000'000) == "1.50 s\n");
  CHECK(shown(7'200'000'000'000) == "7200 s\n");
}

TEST_CASE("JSON has the numbers as they are") {
  symbol::Symbolizer symbols({});
  const Numbers numbers = add_up(FieldNumbers("size", {parse_key("name")}, symbols), {enter(1, 1, "a\"")});
  CHECK(written([&](Output& output) { return write_stats_json(output, numbers); }) ==
        "{\"stats\":1,\"event\":\"probe:read\",\"of\":\"size\",\"count\":1,\"sum\":-8,\"mean\":-8,\"min\":-8,"
        "\"p50\":-8,\"p90\":-8,\"p99\":-8,\"max\":-8,\"histogram\":[{\"first\":-15,\"last\":-8,\"count\":1}]}\n"
        "{\"stats\":1,\"event\":\"probe:read\",\"of\":\"size\",\"keys\":{\"name\":\"a\\\"\"},\"count\":1,\"sum\":-8,"
        "\"mean\":-8,\"min\":-8,\"p50\":-8,\"p90\":-8,\"p99\":-8,\"max\":-8,"
        "\"histogram\":[{\"first\":-15,\"last\":-8,\"count\":1}]}\n");
}

}  // namespace dtp::report
