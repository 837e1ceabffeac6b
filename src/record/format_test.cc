#include "record/format.h"

#include <doctest/doctest.h>
#include <event-parse.h>

#include <algorithm>
#include <array>
#include <string>

namespace dtp::record {
namespace {

constexpr std::string_view common =
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
    "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";

std::string probe_format() {
  return "name: hit\nID: 2327\nformat:\n" + std::string(common) +
         "\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;\n"
         "\tfield:u64 a;\toffset:16;\tsize:8;\tsigned:0;\n"
         "\tfield:__data_loc char[] s;\toffset:24;\tsize:4;\tsigned:1;\n"
         "\tfield:u32 dest;\toffset:28;\tsize:4;\tsigned:0;\n"
         "\tfield:u8 mac[];\toffset:32;\tsize:6;\tsigned:0;\n"
         "\tfield:u8 c;\toffset:38;\tsize:1;\tsigned:0;\n"
         "\tfield:s32 n;\toffset:39;\tsize:4;\tsigned:1;\n"
         "\tfield:__data_loc char[][2] two;\toffset:43;\tsize:8;\tsigned:1;\n"
         "\nprint fmt: \"(%lx) a=0x%Lx s=\\\"%s\\\" dest=%u mac={%u,%u,%u,%u,%u,%u} c='%c' n=%d "
         "two={\\\"%s\\\",\\\"%s\\\"}\", "
         "REC->__probe_ip, REC->a, __get_str(s), REC->dest, REC->mac[0], REC->mac[1], REC->mac[2], REC->mac[3], "
         "REC->mac[4], REC->mac[5], REC->c, REC->n, __get_str(two[0]), __get_str(two[1])\n";
}

std::string tracepoint_format() {
  return "name: state\nID: 7\nformat:\n" + std::string(common) +
         "\tfield:const void * skaddr;\toffset:8;\tsize:8;\tsigned:0;\n"
         "\tfield:__u16 family;\toffset:16;\tsize:2;\tsigned:0;\n"
         "\tfield:__u8 saddr[4];\toffset:18;\tsize:4;\tsigned:0;\n"
         "\tfield:__u8 saddr_v6[16];\toffset:22;\tsize:16;\tsigned:0;\n"
         "\tfield:char comm[16];\toffset:38;\tsize:16;\tsigned:0;\n"
         "\tfield:unsigned long args[6];\toffset:56;\tsize:48;\tsigned:0;\n"
         "\tfield:__data_loc unsigned int[] lengths;\toffset:104;\tsize:4;\tsigned:0;\n"
         "\nprint fmt: \"%s saddr=%pI4 v6=%pI6c comm=%s (%lx)\", __print_symbolic(REC->family, { 2, \"AF_INET\" }), "
         "REC->saddr, REC->saddr_v6, REC->comm, REC->args[0]\n";
}

}  // namespace

TEST_CASE("a probe's format") {
  const auto schema = parse_format(probe_format(), "rtest");
  REQUIRE(schema.has_value());
  const EventSchema wanted{
      .id = 2327,
      .group = "rtest",
      .event = "hit",
      .fields = {{.name = "a", .kind = FieldKind::hex, .size = 8, .offset = 16, .c_type = "u64"},
                 {.name = "s", .kind = FieldKind::string, .size = 4, .offset = 24, .dynamic = true, .c_type = "char"},
                 {.name = "dest", .size = 4, .offset = 28, .c_type = "u32"},
                 {.name = "mac", .kind = FieldKind::array, .size = 6, .element_size = 1, .offset = 32, .c_type = "u8"},
                 {.name = "c", .kind = FieldKind::character, .size = 1, .offset = 38, .c_type = "u8"},
                 {.name = "n", .kind = FieldKind::signed_, .size = 4, .offset = 39, .c_type = "s32"},
                 {.name = "two",
                  .kind = FieldKind::array,
                  .size = 8,
                  .element = FieldKind::string,
                  .element_size = 4,
                  .offset = 43,
                  .dynamic = true,
                  .c_type = "char"}},
      .is_probe = true,
      .ip_offset = 8};
  REQUIRE(schema->fields.size() == wanted.fields.size());
  for (std::size_t i = 0; i < wanted.fields.size(); ++i) {
    CAPTURE(wanted.fields[i].name);
    CHECK(schema->fields[i] == wanted.fields[i]);
  }
  CHECK(*schema == wanted);
}

TEST_CASE("a tracepoint's format tells addresses by its print format") {
  const auto schema = parse_format(tracepoint_format(), "sock");
  REQUIRE(schema.has_value());
  const auto& fields = schema->fields;
  REQUIRE(fields.size() == 7);
  CHECK(fields[0].kind == FieldKind::hex);
  CHECK(fields[2].display == path::Display::ip4);
  CHECK(fields[3].display == path::Display::ip6);
  CHECK(fields[3].kind == FieldKind::bytes);
  CHECK(fields[4].kind == FieldKind::string);
  CHECK(fields[5].element == FieldKind::hex);
  CHECK(fields[5].element_size == 8);
  CHECK(fields[6].element_size == 4);
  CHECK(fields[6].dynamic);
  CHECK(!schema->is_probe);
}

TEST_CASE("annotations are written, read back and leave the rest as it is") {
  const std::array<FieldDisplay, 3> displays{
      {{"dest", path::Display::ip4}, {"mac", path::Display::mac}, {"a", path::Display::none}}};
  const std::string annotated = annotate_format(probe_format(), displays);
  CHECK(annotated.find("\tfield:dtp_ip4 u32 dest;\toffset:28;") != std::string::npos);
  CHECK(annotated.find("\tfield:dtp_mac u8 mac[];\toffset:32;") != std::string::npos);
  CHECK(annotate_format(annotated, displays) == annotated);
  CHECK(annotate_format(probe_format(), {}) == probe_format());

  auto plain = parse_format(probe_format(), "rtest");
  const auto schema = parse_format(annotated, "rtest");
  REQUIRE(schema.has_value());
  plain->fields[2].display = path::Display::ip4;
  plain->fields[3].display = path::Display::mac;
  plain->fields[3].kind = FieldKind::bytes;
  CHECK(*schema == *plain);
}

TEST_CASE("formats that cannot be right are refused") {
  CHECK(parse_format("", "g").error().what == "an event format has no name or no number");
  CHECK(parse_format("name: x\nID: 99999999\n", "g").error().what == "an event format has no name or no number");
  for (const char* line : {"field:", "field:x;", "field:int x;\toffset:0;", "field:int x;\toffset:-1;\tsize:4;",
                           "field:int x;\toffset:0;\tsize:99999999;", "field:int x;\toffset:9999999999;\tsize:4;"}) {
    CAPTURE(line);
    const auto schema = parse_format("name: x\nID: 1\n\t" + std::string(line) + "\n", "g");
    REQUIRE(!schema.has_value());
    CHECK(schema.error().what == "the format of event 'x' has a field that cannot be read");
  }
}

TEST_CASE("a path's display stands behind the locator, where libtraceevent still finds a string") {
  const std::string text =
      "name: hit\nID: 7\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
      "\tfield:__data_loc char[] p;\toffset:8;\tsize:4;\tsigned:1;\n"
      "\tfield:__data_loc char[] p__d1;\toffset:12;\tsize:4;\tsigned:1;\n\nprint fmt: \"p=\\\"%s\\\"\", __get_str(p)\n";
  const std::array<FieldDisplay, 2> displays{{{"p", path::Display::path}, {"p__d1", path::Display::path_part}}};
  const std::string annotated = annotate_format(text, displays);
  CHECK(annotated.find("\tfield:__data_loc dtp_path char[] p;\toffset:8;") != std::string::npos);
  CHECK(annotate_format(annotated, displays) == annotated);
  const auto schema = parse_format(annotated, "g");
  REQUIRE(schema);
  REQUIRE(schema->fields.size() == 1);
  CHECK(schema->fields[0].parts.size() == 1);
  tep_handle* tep = tep_alloc();
  REQUIRE(tep_parse_event(tep, annotated.data(), annotated.size(), "g") == TEP_ERRNO__SUCCESS);
  const tep_format_field* found = tep_find_field(tep_find_event(tep, 7), "p");
  REQUIRE(found != nullptr);
  CHECK((found->flags & TEP_FIELD_IS_DYNAMIC) != 0);
  CHECK((found->flags & TEP_FIELD_IS_STRING) != 0);
  tep_free(tep);
}

// The library that perf uses must see the same fields in what we write, annotated or not.
TEST_CASE("libtraceevent agrees on names, offsets and sizes") {
  const std::array<FieldDisplay, 2> displays{{{"family", path::Display::be16}, {"saddr", path::Display::ip4}}};
  const std::string plain = tracepoint_format();
  for (const std::string& text : {plain, annotate_format(plain, displays)}) {
    const auto schema = parse_format(text, "sock");
    REQUIRE(schema.has_value());
    tep_handle* tep = tep_alloc();
    REQUIRE(tep_parse_event(tep, text.data(), text.size(), "sock") == TEP_ERRNO__SUCCESS);
    tep_event* event = tep_find_event(tep, schema->id);
    REQUIRE(event != nullptr);
    for (const FieldSchema& field : schema->fields) {
      CAPTURE(field.name);
      const tep_format_field* found = tep_find_field(event, field.name.c_str());
      REQUIRE(found != nullptr);
      CHECK(found->offset == field.offset);
      CHECK(found->size == field.size);
    }
    tep_free(tep);
  }
}

}  // namespace dtp::record
