#include "record/members.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>

#include "record/format.h"
#include "record/stream.h"

namespace dtp::record {
namespace {

const std::vector<Member> two{{600, 1, "one"}, {600, 2, "two"}};

EventSchema shared_event() {
  return *parse_format(
      "name: dtp_shared_1\nID: 600\nformat:\n"
      "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
      "\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;\n"
      "\tfield:s32 n;\toffset:16;\tsize:4;\tsigned:1;\n"
      "\tfield:u16 dtp_member;\toffset:20;\tsize:2;\tsigned:0;\n"
      "\nprint fmt: \"n=%d\", REC->n\n",
      "test");
}

// A sample: identifier, then the raw record.
std::vector<std::byte> sample_of(std::uint16_t id, std::uint16_t member, std::int32_t n) {
  std::array<std::byte, 40> bytes{};
  const perf_event_header header{.type = PERF_RECORD_SAMPLE, .misc = 0, .size = sizeof bytes};
  std::memcpy(bytes.data(), &header, sizeof header);
  const std::uint32_t raw_size = 24;
  std::memcpy(bytes.data() + 8, &raw_size, 4);
  std::memcpy(bytes.data() + 12, &id, 2);
  std::memcpy(bytes.data() + 12 + 16, &n, 4);
  std::memcpy(bytes.data() + 12 + 20, &member, 2);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("members are events of their own, without the number that tells them apart") {
  const auto schemas = split_members(shared_event(), two);
  REQUIRE(schemas.size() == 2);
  CHECK(schemas[1].event == "two");
  CHECK(schemas[1].group == "test");
  CHECK(schemas[1].member == 2);
  CHECK(schemas[1].member_offset == 20);
  REQUIRE(schemas[1].fields.size() == 1);
  CHECK(schemas[1].fields[0].name == "n");
  CHECK(split_members(shared_event(), std::vector<Member>{{601, 1, "one"}}).empty());
}

TEST_CASE("an event whose records do not tell has no members") {
  EventSchema other = shared_event();
  other.fields.pop_back();
  CHECK(split_members(other, two).empty());
}

TEST_CASE("a record is of the member that it names") {
  StreamEvent event;
  event.attr.sample_type = PERF_SAMPLE_RAW;
  const auto schemas = split_members(shared_event(), two);
  std::string seen;
  auto stream = Stream::create(std::vector{event}, schemas, [&](const Record& record) -> Result<void> {
    seen += record.schema->event + " " + std::to_string(std::get<std::int64_t>(record.values[0].of)) + "\n";
    return {};
  });
  REQUIRE(stream);
  for (const auto& [member, n] : {std::pair{2, 7}, {1, 8}, {2, -9}, {3, 10}})
    REQUIRE(stream->add(sample_of(600, static_cast<std::uint16_t>(member), n)));
  REQUIRE(stream->finish());
  CHECK(seen == "two 7\none 8\ntwo -9\n");
  CHECK(stream->counts().records == 3);
  CHECK(stream->counts().other == 0);
}

TEST_CASE("members are written and read back") {
  const std::string text = encode_members(two);
  CHECK(text == "dtrace++ members 1\n600 1 one\n600 2 two\n");
  CHECK(decode_members(text) == two);
  CHECK(decode_members("dtrace++ members 1\n") == std::vector<Member>{});
  for (const char* bad : {"", "dtrace++ ledger 1\n", "dtrace++ members 1\n600\n", "dtrace++ members 1\n600 1 \n",
                          "dtrace++ members 1\n600 65536 a\n", "dtrace++ members 1\n600 1 a\x1b[2J\n"})
    CHECK_MESSAGE(!decode_members(bad), bad);
}

}  // namespace dtp::record
