#include "report/report.h"

#include <doctest/doctest.h>
#include <linux/perf_event.h>

#include <vector>

namespace dtp::report {
namespace {

using path::Display;
using record::FieldKind;
using value::Absent;
using value::Array;
using value::Bytes;

struct Example {
  record::FieldSchema field;
  value::Value value;
  std::string text;
  std::string json;
};

Bytes bytes(std::initializer_list<int> numbers) {
  Bytes out;
  for (const int number : numbers) out.push_back(static_cast<std::byte>(number));
  return out;
}

std::vector<Example> examples() {
  return {
      {{.name = "u", .kind = FieldKind::unsigned_}, {std::uint64_t{42}}, "u=42", "\"u\":42"},
      {{.name = "i", .kind = FieldKind::signed_}, {std::int64_t{-42}}, "i=-42", "\"i\":-42"},
      {{.name = "x", .kind = FieldKind::hex}, {std::uint64_t{255}}, "x=0xff", "\"x\":255"},
      {{.name = "max", .kind = FieldKind::hex}, {UINT64_MAX}, "max=0xffffffffffffffff", "\"max\":18446744073709551615"},
      {{.name = "c", .kind = FieldKind::character}, {std::uint64_t{'q'}}, "c='q'", "\"c\":\"q\""},
      {{.name = "s", .kind = FieldKind::string},
       {std::string("a\x1b[31m\n")},
       "s=\"a\\x1b[31m\\n\"",
       "\"s\":\"a\\u001b[31m\\u000a\""},
      {{.name = "f", .kind = FieldKind::string}, {Absent{"fault"}}, "f=(fault)", "\"f\":null"},
      {{.name = "b", .kind = FieldKind::bytes}, {bytes({0, 0xAB})}, "b=00ab", "\"b\":\"00ab\""},
      {{.name = "a", .kind = FieldKind::array, .element = FieldKind::hex},
       {Array{{std::uint64_t{1}}, {std::uint64_t{16}}}},
       "a={0x1,0x10}",
       "\"a\":[1,16]"},
      {{.name = "ip", .display = Display::ip4}, {std::uint64_t{0x7F000001}}, "ip=127.0.0.1", "\"ip\":\"127.0.0.1\""},
      {{.name = "ipb", .kind = FieldKind::bytes, .display = Display::ip4},
       {bytes({10, 0, 0, 255})},
       "ipb=10.0.0.255",
       "\"ipb\":\"10.0.0.255\""},
      {{.name = "six", .kind = FieldKind::bytes, .display = Display::ip6},
       {bytes({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})},
       "six=2001:db8::1",
       "\"six\":\"2001:db8::1\""},
      {{.name = "mac", .kind = FieldKind::bytes, .display = Display::mac},
       {bytes({1, 2, 3, 4, 5, 0xAA})},
       "mac=01:02:03:04:05:aa",
       "\"mac\":\"01:02:03:04:05:aa\""},
      {{.name = "port", .kind = FieldKind::hex, .display = Display::port},
       {std::uint64_t{8080}},
       "port=8080",
       "\"port\":8080"},
      {{.name = "on", .display = Display::boolean}, {std::uint64_t{1}}, "on=1", "\"on\":true"},
      {{.name = "p", .kind = FieldKind::hex, .display = Display::decimal}, {std::uint64_t{16}}, "p=16", "\"p\":16"},
      {{.name = "odd", .kind = FieldKind::bytes, .display = Display::mac}, {bytes({1})}, "odd=01", "\"odd\":\"01\""},
  };
}

record::Record make_record(const record::EventSchema& schema) {
  return {.schema = &schema,
          .time_ns = 5'123'000'456'789,
          .cpu = 1,
          .pid = 1234,
          .tid = 1235,
          .comm = "ba\tsh",
          .ip = 0xffffffff81350200,
          .return_ip = 0x10};
}

// What the report leaves in the buffer.
std::string print(std::unique_ptr<Report> (*make)(Output&, symbol::Symbolizer&, const LineOptions&),
                  std::span<const record::EventSchema> schemas, const record::Record& record,
                  const LineOptions& options = {}) {
  Output output(-1);
  symbol::Symbolizer symbols({});
  const auto report = make(output, symbols, options);
  REQUIRE(report->begin(schemas));
  REQUIRE(report->record(record));
  return output.buffer();
}

}  // namespace

TEST_CASE("every kind and display, as text and as JSON") {
  for (const Example& example : examples()) {
    CAPTURE(example.field.name);
    const record::EventSchema schema{.group = "g", .event = "e", .fields = {example.field}};
    record::Record record = make_record(schema);
    record.values = {example.value};
    CHECK(print(make_text, {&schema, 1}, record) ==
          "          ba\\tsh  1235 [001]  5123.000456: g:e: " + example.text + "\n");
    const std::string json = print(make_json, {&schema, 1}, record);
    CHECK(json.substr(json.find('\n') + 1) ==
          "{\"time\":5123000456789,\"event\":\"g:e\",\"comm\":\"ba\\u0009sh\",\"pid\":1234,\"tid\":1235,\"cpu\":1,"
          "\"fields\":{" +
              example.json + "}}\n");
  }
}

TEST_CASE("event names are aligned, probes have their address") {
  const record::EventSchema schemas[] = {
      {.group = "probe", .event = "short", .is_probe = true},
      {.group = "probe", .event = "longer_name__return", .is_probe = true, .is_return = true},
  };
  CHECK(print(make_text, schemas, make_record(schemas[0])) ==
        "          ba\\tsh  1235 [001]  5123.000456:               probe:short: (ffffffff81350200)\n");
  CHECK(print(make_text, schemas, make_record(schemas[1])) ==
        "          ba\\tsh  1235 [001]  5123.000456: probe:longer_name__return: (ffffffff81350200 <- 10)\n");
}

TEST_CASE("frames that nothing can name") {
  const record::EventSchema schema{.group = "g", .event = "e"};
  const record::Module library{.path = "/no\tsuch/lib\tx.so"};
  const record::AddressSpace space{.id = 1, .mappings = {{0x1000, 0x2000, 0x500, &library}}};
  record::Record record = make_record(schema);
  record.stack = {.chain = {static_cast<std::uint64_t>(PERF_CONTEXT_USER), 0x1010, 0x1020, 0x9000}, .user = &space};
  CHECK(print(make_text, {&schema, 1}, record) ==
        "          ba\\tsh  1235 [001]  5123.000456: g:e:\n"
        "                    1010 [lib\\tx.so+0x510] (/no\\tsuch/lib\\tx.so)\n"
        "                    1020 [lib\\tx.so+0x520] (/no\\tsuch/lib\\tx.so)\n"
        "                    9000 [unknown]\n\n");
  const std::string json = print(make_json, {&schema, 1}, record);
  CHECK(json.substr(json.find("\"stack\"")) ==
        "\"stack\":[{\"address\":4112,\"module\":\"/no\\u0009such/lib\\u0009x.so\",\"offset\":1296},"
        "{\"address\":4128,\"module\":\"/no\\u0009such/lib\\u0009x.so\",\"offset\":1312},{\"address\":36864}]}\n");
}

TEST_CASE("JSON begins with the schema") {
  const record::EventSchema schema{
      .group = "probe",
      .event = "tcp",
      .fields = {{.name = "dest", .display = Display::ip4, .c_type = "u32"},
                 {.name = "v", .kind = FieldKind::array, .element = FieldKind::signed_, .c_type = "s8"}},
      .is_probe = true};
  Output output(-1);
  symbol::Symbolizer symbols({});
  const auto report = make_json(output, symbols);
  REQUIRE(report->begin({&schema, 1}));
  CHECK(output.buffer() ==
        "{\"schema\":1,\"time\":\"ns\",\"events\":[{\"event\":\"probe:tcp\",\"probe\":\"entry\",\"fields\":["
        "{\"name\":\"dest\",\"kind\":\"unsigned\",\"type\":\"u32\",\"display\":\"ip4\"},"
        "{\"name\":\"v\",\"kind\":\"array\",\"of\":\"signed\",\"type\":\"s8\"}]}]}\n");
}

}  // namespace dtp::report
