#include "record/mapping_record.h"

#include <doctest/doctest.h>
#include <linux/perf_event.h>

#include <cstring>

#include "record/perf_data_format.h"
#include "record/running_code.h"

namespace dtp::record {
namespace {

constexpr std::size_t trailer = 32;

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

perf_event_header header_of(std::span<const std::byte> record) {
  perf_event_header header = {};
  std::memcpy(&header, record.data(), sizeof header);
  return header;
}

std::string describe(const std::vector<NewMapping>& mappings) {
  std::string out;
  for (const NewMapping& mapping : mappings) {
    out += std::to_string(mapping.start) + "-" + std::to_string(mapping.end) + "@" + std::to_string(mapping.offset) +
           (mapping.is_executable ? " x " : " - ") + mapping.module.path + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("mappings are read as they were written") {
  const std::string id = "0123456789abcdef0123456789abcdef01234567";
  const NewMapping rows[] = {
      {7, 0x1000, 0x3000, 0x2000, {"/usr/bin/app"}},
      {7, 0x1000, 0x3000, 0x2000, {"/usr/bin/app", id}},
      {7, 0x1000, 0x3000, 0x2000, {"/usr/bin/app", id.substr(0, 16)}},
      {7, 0x1000, 0x3000, 0, {"/usr/bin/app", id}, false},
      {7, 0x1000, 0x3000, 0, {"a name with exactly 24 ch"}},
      {UINT32_MAX, 0xffff0000, 0xffff8000, 0xffff0000, {"[kernel.kallsyms]", "", true}},
      {UINT32_MAX, 0xffff9000, 0xffffa000, 0, {"[xfs]", "", true}},
  };
  for (const NewMapping& row : rows) {
    CAPTURE(row.module.path);
    const std::string record = encode_mapping(row, trailer);
    CHECK(record.size() % 8 == 0);
    CHECK(header_of(bytes(record)).size == record.size());
    const auto read = parse_mapping(bytes(record));
    REQUIRE(read.has_value());
    CHECK(read->pid == row.pid);
    CHECK(read->start == row.start);
    CHECK(read->end == row.end);
    CHECK(read->offset == row.offset);
    CHECK(read->module == row.module);
    CHECK(read->is_executable == row.is_executable);
  }
}

TEST_CASE("the kernel's build-id is a record in front") {
  const Module kernel{"[kernel.kallsyms]", "0123456789abcdef0123456789abcdef01234567", true};
  const std::string records = encode_mapping({0, 0x1000, 0x2000, 0x1000, kernel}, trailer);
  const auto first = bytes(records).first(header_of(bytes(records)).size);
  CHECK(header_of(first).type == record_build_id);
  const auto module = parse_build_id(first);
  REQUIRE(module.has_value());
  CHECK(*module == kernel);
  const auto mapping = parse_mapping(bytes(records).subspan(first.size()));
  REQUIRE(mapping.has_value());
  CHECK(mapping->module.path == kernel.path);
}

TEST_CASE("a mapping that lies is none") {
  const std::string whole = encode_mapping({7, 0x1000, 0x3000, 0, {"/usr/bin/app", "0123"}}, trailer);
  SUBCASE("cut off") {
    // Up to the end of the name: what follows is padding.
    for (std::size_t size = 0; size < whole.find("/usr/bin/app") + 12; ++size) {
      CAPTURE(size);
      CHECK_FALSE(parse_mapping(bytes(whole).first(size)).has_value());
    }
  }
  SUBCASE("it ends behind the last address") {
    const std::uint64_t size = UINT64_MAX;
    std::string record = whole;
    std::memcpy(record.data() + 24, &size, sizeof size);
    CHECK_FALSE(parse_mapping(bytes(record)).has_value());
  }
  SUBCASE("a build-id longer than its place") {
    std::string record = whole;
    record[40] = '\xff';
    CHECK(parse_mapping(bytes(record))->module.build_id.size() == 40);
  }
}

TEST_CASE("mappings of a process that runs") {
  CHECK(describe(parse_maps(7,
                            "00001000-00002000 r--p 00000000 08:01 12   /usr/bin/a b\n"
                            "00002000-00003000 r-xp 00001000 08:01 12   /usr/bin/a b\n"
                            "00003000-00004000 rw-p 00000000 00:00 0    [heap]\n"
                            "00004000-00005000 rwxp 00000000 00:00 0 \n"
                            "00005000-00006000 r-xp 00000000 00:00 0    [vdso]\n"
                            "no line\n"
                            "1-g r-xp 0 0 0 /x\n")) ==
        "4096-8192@0 - /usr/bin/a b\n"
        "8192-12288@4096 x /usr/bin/a b\n"
        "16384-20480@0 x //anon\n"
        "20480-24576@0 x [vdso]\n");
}

TEST_CASE("mappings of the kernel and its modules") {
  const std::string_view symbols =
      "0000000000001000 T _text\n0000000000001000 T startup_64\n0000000000005000 T _etext\n";
  CHECK(describe(parse_kernel(symbols, "xfs 4096 1 - Live 0x9000 (E)\nhidden 4096 0 - Live 0x0\nbroken\n")) ==
        "4096-20480@4096 x [kernel.kallsyms]\n36864-40960@0 x [xfs]\n");
  CHECK(parse_kernel("0000000000000000 T _text\n0000000000000000 T _etext\n", "").empty());
  CHECK(parse_kernel("", "").empty());
}

}  // namespace dtp::record
