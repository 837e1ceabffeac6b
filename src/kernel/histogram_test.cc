#include "kernel/histogram.h"

#include <doctest/doctest.h>

#include "kernel/fake_tracefs.h"
#include "kernel/owner.h"

namespace dtp::kernel {
namespace {

using Kind = HistogramKey::Kind;

const HistogramEvent reads{
    .name = {"dtp", "read"}, .keys = {{"common_pid"}, {"name", Kind::text}}, .sums = {"size"}, .filter = "size > 3"};

std::string file(const std::string& entries, const std::string& totals) {
  return "# event histogram\n#\n# trigger info: hist:keys=common_pid,name:vals=hitcount,size:sort=hitcount:size=16384 "
         "[paused]\n#\n\n" +
         entries + "\nTotals:\n" + totals + "\n\n";
}

TEST_CASE("the words of a trigger") {
  CHECK(trigger_of(reads) == "hist:keys=common_pid,name:vals=size:size=16384");
  CHECK(trigger_of({.name = {"g", "e"}, .keys = {{"a", Kind::powers}, {"b", Kind::steps, 10}}}) ==
        "hist:keys=a.log2,b.buckets=10:size=16384");
}

TEST_CASE("a histogram is read as the kernel writes it") {
  const auto seen = parse_histogram(
      file("{ common_pid:       1234, name: bash                                               } hitcount:          3  "
           "size:         15\n"
           "{ common_pid: 18446744073709551614, name: a, b } c                                  } hitcount:          1 "
           " size: 18446744073709551615\n",
           "    Hits: 6\n    Entries: 2\n    Dropped: 2"),
      reads, true);
  REQUIRE(seen);
  CHECK(*seen == Histogram{.entries = {{{std::uint64_t{1234}, "bash"}, 3, {15}},
                                       {{~std::uint64_t{1}, "a, b } c"}, 1, {~std::uint64_t{0}}}},
                           .hits = 6,
                           .dropped = 2});
}

TEST_CASE("ranges are their last number") {
  const HistogramEvent event{.name = {"g", "e"}, .keys = {{"a", Kind::powers}, {"b", Kind::steps, 10}}};
  const auto seen = parse_histogram(
      "{ a: ~ 2^0 , b: ~ 830-839 } hitcount:          1\n"
      "{ a: ~ 2^12, b: ~ 0-9 } hitcount:          2\n\nTotals:\n    Hits: 3\n    Entries: 2\n    Dropped: 0\n",
      event, true);
  REQUIRE(seen);
  CHECK(seen->entries == std::vector<HistogramEntry>{{{std::uint64_t{1}, std::uint64_t{839}}, 1, {}},
                                                     {{std::uint64_t{4096}, std::uint64_t{9}}, 2, {}}});
}

TEST_CASE("nothing was hit") {
  const auto seen = parse_histogram(file("", "    Hits: 0\n    Entries: 0\n    Dropped: 0"), reads, true);
  REQUIRE(seen);
  CHECK(*seen == Histogram{});
}

TEST_CASE("a string with ends of lines within") {
  const auto seen =
      parse_histogram(file("{ common_pid:          1, name: a\nb\n                          } hitcount:          1  "
                           "size:          5\n",
                           "    Hits: 1\n    Entries: 1\n    Dropped: 0"),
                      reads, true);
  REQUIRE(seen);
  CHECK(std::get<std::string>(seen->entries.at(0).keys.at(1)) == "a\nb\n");
}

TEST_CASE("a string that looks like a part of the histogram is noticed") {
  const std::string totals = "    Hits: 1\n    Entries: 1\n    Dropped: 0";
  const char* forged[] = {
      // Another entry.
      "{ common_pid:          1, name: a } hitcount: 7 size: 7\n{ common_pid: 2, name: b    } hitcount:          1  "
      "size:          5\n",
      // Totals, with what follows.
      "{ common_pid:          1, name: a } hitcount: 7 size: 7\n\nTotals:\n    Hits: 7\n    Entries: 1\n    Dropped: "
      "0\n"
      " } hitcount:          1  size:          5\n",
      // Not all of an entry.
      "{ common_pid:          1, name: a\n",
      "{ common_pid:          x, name: a } hitcount:          1  size:          5\n",
      "} hitcount:          1  size:          5\n",
  };
  for (const char* entries : forged) {
    CAPTURE(entries);
    const auto seen = parse_histogram(file(entries, totals), reads, true);
    REQUIRE_FALSE(seen);
    CHECK(seen.error().what == "the histogram of 'dtp:read' cannot be read: a string in it looks like a part of it");
  }
  const HistogramEvent two{.name = {"g", "e"}, .keys = {{"a", Kind::text}, {"b", Kind::text}}};
  CHECK_FALSE(
      parse_histogram("{ a: x, b: y, b: z } hitcount: 1\n\nTotals:\n Hits: 1\n Entries: 1\n Dropped: 0\n", two, true));
}

TEST_CASE("text that is no histogram") {
  CHECK_FALSE(parse_histogram("", reads, true));
  CHECK_FALSE(parse_histogram("\nTotals:\n    Hits: 99999999999999999999999\n    Entries: 1", reads, true));
}

TEST_CASE("while hits are counted the totals are ahead of the entries") {
  const auto seen = parse_histogram(file("", "    Hits: 2\n    Entries: 1\n    Dropped: 0"), reads, false);
  REQUIRE(seen);
  CHECK(seen->hits == 2);
}

TEST_CASE("triggers are made, started and stopped, and go with their instance") {
  FakeTraceFs tracefs;
  const std::string folder = "instances/" + group_of(*this_process());
  const std::string trigger = folder + "/events/dtp/read/trigger";
  for (const char* name : {"/events/dtp/read/trigger", "/options/event-fork", "/set_event_pid"})
    tracefs.files[folder + name] = "";
  {
    auto histograms = Histograms::create(tracefs, {reads}, std::vector<pid_t>{7, 8});
    REQUIRE(histograms);
    REQUIRE(histograms->start());
    REQUIRE(histograms->stop());
  }
  const std::string words = "hist:keys=common_pid,name:vals=size:size=16384:";
  CHECK(tracefs.log == std::vector<std::string>{"mkdir " + folder, folder + "/options/event-fork <- 1",
                                                folder + "/set_event_pid <- 7 8 ",
                                                trigger + " <- " + words + "pause if size > 3",
                                                trigger + " <- " + words + "continue if size > 3",
                                                trigger + " <- " + words + "pause if size > 3", "rmdir " + folder});
}

}  // namespace
}  // namespace dtp::kernel
