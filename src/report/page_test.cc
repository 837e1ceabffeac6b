#include "report/page.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/file.h"

namespace dtp::report {
namespace {

constexpr std::string_view hostile = "</script><script>alert(1)</script>\"><svg onload=alert(2)>\x1b[31m<!--";

struct Recorded {
  explicit Recorded(std::string name = "size") : schema(make_schema(std::move(name))) {}
  static record::EventSchema make_schema(std::string name) {
    return {.group = "probe",
            .event = "hit",
            .fields = {{.name = std::move(name)}, {.name = "text", .kind = record::FieldKind::string}}};
  }

  record::EventSchema schema;
  symbol::Symbolizer symbols{{}};
  std::string file = "a<b.data";
  record::Origin origin = {};
  record::Counts counts = {};
  std::optional<std::int64_t> wall_offset_ns = {};
  Profiler profiler{{parse_key("comm"), parse_key("text")}, symbols};
  Survey survey{{&schema, 1}, symbols};

  void add(std::uint64_t time_ns, std::string comm, std::uint64_t size, std::string text) {
    record::Record record{
        .schema = &schema, .time_ns = time_ns, .comm = std::move(comm), .values = {{size}, {std::move(text)}}};
    profiler.add(record);
    survey.add(record);
    ++counts.records;
  }

  std::string page() && {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> target(std::tmpfile(), std::fclose);
    Output output(::fileno(target.get()));
    const Profile profile = std::move(profiler).finish();
    const Survey::Findings findings = std::move(survey).finish();
    REQUIRE(write_page(output, {file, origin, counts, profile, findings, wall_offset_ns}));
    return base::read_file("/proc/self/fd/" + std::to_string(::fileno(target.get()))).value();
  }
};

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a page has the recording's facts, hits, rates and numbers") {
  Recorded recorded;
  recorded.origin = {.hostname = "node", .release = "6.1.0", .arch = "x86_64", .command_line = {"dtrace++", "record"}};
  recorded.counts = {.records = 2, .lost = 7};  // and those that are added
  recorded.wall_offset_ns = 1'000'000'000'000'000'000;
  recorded.add(5'000'000'000, "cat", 3, "a");
  recorded.add(6'500'000'000, "cat", UINT64_MAX, "a");
  recorded.add(6'500'000'000, "dog", 0, "b");
  const std::string page = std::move(recorded).page();
  CHECK(count(page, "<h1>a&lt;b.data</h1>") == 1);
  CHECK(count(page, "<dt>records</dt><dd>3</dd>") == 1);
  CHECK(count(page, "<dt>not selected</dt><dd>2</dd>") == 1);
  CHECK(count(page, "<dt>began</dt><dd>2001-09-09 01:46:45 UTC</dd>") == 1);
  CHECK(count(page, "<div class=\"number bad\"><dt>lost</dt><dd>7</dd>") == 1);
  CHECK(count(page, "<dt>time</dt><dd>1.5 s</dd>") == 1);
  CHECK(count(page, "<dt>kernel</dt><dd>6.1.0 x86_64</dd>") == 1);
  CHECK(count(page, "<dt>recorded by</dt><dd>dtrace++ record</dd>") == 1);
  CHECK(count(page, "<tr><td>probe:hit</td><td>cat</td><td>a</td><td class=\"number\">2</td>") == 1);
  CHECK(count(page, "{\"step\":0.004096,\"lines\":[{\"event\":\"probe:hit\",\"hits\":[1,0,") == 1);
  CHECK(count(page, ",0,2]}]}") == 1);
  CHECK(count(page, "{\"event\":\"probe:hit\",\"field\":\"size\",\"facts\":[[\"count\",\"3\"],") == 1);
  CHECK(count(page, "[\"greatest\",\"18446744073709551615\"]],\"ranges\":[[\"0\",\"0\",1],") == 1);
  CHECK(count(page, "No stacks were recorded") == 1);
}

TEST_CASE("hostile text is text in the page, too") {
  const std::string text(hostile);
  Recorded recorded(text);
  recorded.file = recorded.origin.hostname = recorded.schema.event = text;
  recorded.origin.command_line = {text, text};
  recorded.add(1, text, 1, text);
  const std::string page = std::move(recorded).page();
  CHECK(count(page, "<script") == 3);  // ours, and the data
  CHECK(count(page, "</script") == 3);
  CHECK(count(page, "<svg") == 0);
  CHECK(count(page, "<!--") == 0);
  CHECK(count(page, "\x1b") == 0);
  CHECK(count(page, "\\u003c/script>\\u003cscript>alert(1)") == 3);
}

TEST_CASE("without records there is a page all the same") {
  const std::string page = Recorded().page();
  CHECK(count(page, "<dt>records</dt><dd>0</dd>") == 1);
  CHECK(count(page, "\"lines\":[]") == 1);
}

}  // namespace dtp::report
