#include "record/origin.h"

#include <doctest/doctest.h>

#include <string_view>

#include "record/perf_data_reader.h"

namespace dtp::record {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("texts of a file's features") {
  using namespace std::string_view_literals;
  CHECK(parse_text_feature(bytes_of("\x08\0\0\0node\0\0\0\0"sv)) == "node");
  CHECK(parse_text_feature(bytes_of("\x09\0\0\0node\0\0\0\0"sv)) == "");
  CHECK(parse_text_feature({}) == "");
  const auto words = "\x03\0\0\0\x02\0\0\0ab\x02\0\0\0c\0\xFF\xFF\xFF\xFFz"sv;
  CHECK(parse_texts_feature(bytes_of(words)) == std::vector<std::string>{"ab", "c"});
  CHECK(parse_texts_feature(bytes_of("\xFF\xFF\xFF\xFF"sv)).empty());
}

TEST_CASE("a recording says where it was made") {
  const auto reader = PerfDataReader::open(DTP_FIXTURES "/perf.data");
  REQUIRE(reader);
  CHECK(reader->origin().arch == "x86_64");
  CHECK(reader->origin().command_line.at(1) == "record");
}

}  // namespace dtp::record
