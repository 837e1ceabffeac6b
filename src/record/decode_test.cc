#include "record/decode.h"

#include <doctest/doctest.h>

#include <string>

namespace dtp::record {
namespace {

using value::Absent;
using value::Value;

// A raw record with a string "hi" at its end, which the locator at 0 names.
std::string raw_record() {
  std::string raw;
  raw += std::string("\x14\x00\x03\x00", 4);  // 0: locator: 3 bytes at 20
  raw += std::string("\x7F\x00\x00\x01", 4);  // 4: 127.0.0.1
  raw += std::string("\x1F\x90\xFE\xFF", 4);  // 8: port 8080, then -2
  raw += std::string("\x00\x00\x00\x00", 4);  // 12: locator of length 0
  raw += std::string("\x01\x02\x03\x04", 4);  // 16
  raw += std::string("hi\0(fault)\0", 11);    // 20
  return raw;
}

Value decode_one(const FieldSchema& field, const std::string& raw) {
  const EventSchema schema{.fields = {field}};
  Record record;
  decode_raw(schema, std::as_bytes(std::span(raw)), record);
  return record.values.at(0);
}

}  // namespace

TEST_CASE("one field of each kind") {
  using path::Display;
  struct Row {
    FieldSchema field;
    Value value;
  };
  const Row rows[] = {
      {{.name = "u16", .size = 2, .offset = 8}, {std::uint64_t{0x901F}}},
      {{.name = "s16", .kind = FieldKind::signed_, .size = 2, .offset = 10}, {std::int64_t{-2}}},
      {{.name = "bits", .kind = FieldKind::signed_, .size = 2, .offset = 8, .display = path::signed_bits(13)},
       {std::int64_t{-0xFE1}}},
      {{.name = "port", .size = 2, .offset = 8, .display = Display::port}, {std::uint64_t{8080}}},
      {{.name = "ip4", .size = 4, .offset = 4, .display = Display::ip4}, {std::uint64_t{0x7F000001}}},
      {{.name = "be32", .kind = FieldKind::signed_, .size = 4, .offset = 16, .display = Display::be32},
       {std::uint64_t{0x01020304}}},
      {{.name = "s", .kind = FieldKind::string, .size = 4, .offset = 0, .dynamic = true}, {std::string("hi")}},
      {{.name = "empty", .kind = FieldKind::string, .size = 4, .offset = 12, .dynamic = true}, {Absent{"fault"}}},
      {{.name = "fixed", .kind = FieldKind::string, .size = 8, .offset = 20}, {std::string("hi")}},
      {{.name = "fault", .kind = FieldKind::string, .size = 8, .offset = 23}, {Absent{"fault"}}},
      {{.name = "bytes", .kind = FieldKind::bytes, .size = 2, .offset = 16},
       {value::Bytes{std::byte{1}, std::byte{2}}}},
      {{.name = "array", .kind = FieldKind::array, .size = 4, .element_size = 2, .offset = 16},
       {value::Array{{std::uint64_t{0x0201}}, {std::uint64_t{0x0403}}}}},
      {{.name = "two",
        .kind = FieldKind::array,
        .size = 8,
        .element = FieldKind::string,
        .element_size = 4,
        .offset = 0,
        .dynamic = true},
       {value::Array{{std::string("hi")}, {Absent{"not recorded"}}}}},
      {{.name = "past", .size = 8, .offset = 28}, {Absent{"not recorded"}}},
      {{.name = "wild", .kind = FieldKind::string, .size = 4, .offset = 16, .dynamic = true}, {Absent{"not recorded"}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.field.name);
    CHECK((decode_one(row.field, raw_record()) == row.value));
  }
}

TEST_CASE("of a sequence what lies within its length") {
  const FieldSchema text{.name = "s",
                         .kind = FieldKind::string,
                         .size = 8,
                         .display = path::Display::text,
                         .parts = {{.name = "s__len", .size = 8, .offset = 8}}};
  const FieldSchema array{.name = "v",
                          .kind = FieldKind::array,
                          .size = 8,
                          .element_size = 4,
                          .parts = {{.name = "v__len", .size = 8, .offset = 8}}};
  const auto raw = [](const std::string& bytes, char length) { return bytes + length + std::string(7, '\0'); };
  const std::string numbers("\1\0\0\0\2\0\0\0", 8), zeros(8, '\0');
  CHECK((decode_one(text, raw("worldnex", 5)) == Value{std::string("world")}));
  CHECK((decode_one(text, raw("eight by", 8)) == Value{std::string("eight by")}));
  CHECK((decode_one(text, raw("eight by", 9)) == Value{std::string("eight by...")}));
  CHECK((decode_one(text, raw(zeros, 0)) == Value{std::string()}));
  CHECK((decode_one(text, raw(zeros, 3)) == Value{Absent{"fault"}}));
  CHECK((decode_one(text, "eight by") == Value{Absent{"not recorded"}}));
  CHECK((decode_one(array, raw(numbers, 0)) == Value{value::Array{}}));
  CHECK((decode_one(array, raw(numbers, 1)) == Value{value::Array{{std::uint64_t{1}}}}));
  CHECK((decode_one(array, raw(numbers, 3)) == Value{value::Array{{std::uint64_t{1}}, {std::uint64_t{2}}}}));
  CHECK((decode_one(array, numbers) == Value{Absent{"not recorded"}}));
}

TEST_CASE("an empty record has no values and does not crash") {
  const EventSchema schema{.fields = {{.name = "x", .size = 8, .offset = 8}}, .is_probe = true, .ip_offset = 8};
  Record record;
  decode_raw(schema, {}, record);
  CHECK(record.ip == 0);
  CHECK((record.values.at(0) == Value{Absent{"not recorded"}}));
}

TEST_CASE("a reused record holds nothing of the one before") {
  const EventSchema schema{
      .fields = {{.name = "s", .kind = FieldKind::string, .size = 4, .offset = 0, .dynamic = true}}};
  Record record;
  const std::string raw = raw_record();
  decode_raw(schema, std::as_bytes(std::span(raw)), record);
  const std::string other("\x04\x00\x00\x00", 4);
  decode_raw(schema, std::as_bytes(std::span(other)), record);
  CHECK((record.values.at(0) == Value{Absent{"fault"}}));
}

}  // namespace dtp::record
