// Readers of files that nobody vouches for. They must come back with a value or an error.
#include <doctest/doctest.h>

#include "debug/btf.h"
#include "debug/calling.h"
#include "fuzz/mutate.h"
#include "record/decode.h"
#include "record/format.h"
#include "record/tracing_data.h"
#include "support/btf_builder.h"
#include "type/query.h"

namespace dtp::test {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

class BlobTypes : public type::Loader {
 public:
  explicit BlobTypes(const debug::btf::Blob& blob) : blob_(blob) {}
  type::Type load_type(type::Id id) override { return blob_.load(id.key); }

 private:
  const debug::btf::Blob& blob_;
};

// Asks everything that can be asked of the first types and functions.
void ask_all(const debug::btf::Blob& blob) {
  BlobTypes loader(blob);
  type::Table types(loader);
  constexpr std::uint64_t last = 80;
  for (std::uint64_t id = 0; id < last; ++id) {
    type::declare(types, {id});
    type::size_of(types, {id});
    type::member_names(types, {id});
    type::find_member(types, {id}, "none such");
    type::is_called(types, {id}, "__be32");
    type::typedef_name(types, {id});
  }
  for (const std::uint32_t function : blob.functions()) {
    const auto prototype = blob.prototype(function);
    if (!prototype) continue;
    std::vector<type::Id> ids;
    for (const debug::btf::Parameter& parameter : debug::btf::parameters(*prototype)) {
      blob.text(parameter.name);
      ids.push_back({parameter.type});
    }
    const auto places = debug::place_parameters(types, arch::x86_64(), {prototype->size_or_type}, ids);
    REQUIRE(places.size() == ids.size());
  }
}

BtfBuilder sample_btf() {
  BtfBuilder b;
  const auto i32 = b.integer("int", 4, 1);
  const auto u64 = b.integer("unsigned long", 8);
  const auto character = b.integer("char", 1);
  const auto name = b.array(character, 16);
  const auto bits = b.structure("", 4, {{"low", i32}, {"high", i32}}, {3U << 24 | 0, 29U << 24 | 3}, true);
  const auto file = b.structure("file", 40, {{"name", name}, {"", bits}, {"next", b.pointer(b.forward("file"))}, {"pos", u64}}, {0, 128, 192, 256});
  const auto pair = b.structure("pair", 16, {{"a", u64}, {"b", b.floating("double", 8)}}, {0, 64}, false, true);
  b.enumeration("kind", {{"A", 0}, {"B", 0xFFFFFFFF}}, true);
  b.enumeration64("wide", {{"TOP", 1ULL << 63}});
  b.declaration_tag("tag", b.typedef_("pair_t", pair));
  b.data_section(".data", b.variable("global", u64));
  b.function("read", i32, {{"file", b.pointer(b.const_(b.type_tag("user", file)))}, {"pair", pair}, {"n", u64}});
  b.function("print", 0, {{"format", b.pointer(character)}, {"", 0}});
  return b;
}

}  // namespace

TEST_CASE("fuzz: BTF") {
  const BtfBuilder kernel = sample_btf();
  const std::string kernel_bytes = kernel.bytes();
  const auto base = debug::btf::Blob::parse(bytes_of(kernel_bytes), nullptr, "base");
  REQUIRE(base);
  BtfBuilder module = BtfBuilder::module_of(kernel);
  module.function("module_read", 3, {{"a", 6}, {"b", module.pointer(7)}});
  const std::vector<std::string> pieces{std::string(12, '\0'), std::string("\x01\x00\x00\x0c\x03\x00\x00\x00", 8), std::string(4, '\xff')};
  fuzz({kernel_bytes}, pieces, 4000, [](const std::string& bytes) {
    if (const auto blob = debug::btf::Blob::parse(bytes_of(bytes), nullptr, "x")) ask_all(*blob);
  });
  fuzz({module.bytes()}, pieces, 2000, [&](const std::string& bytes) {
    if (const auto blob = debug::btf::Blob::parse(bytes_of(bytes), &*base, "x")) ask_all(*blob);
  });
}

TEST_CASE("fuzz: tracing data") {
  const std::string seed = record::encode_tracing_data(
      {.header_page = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n", .header_event = "# compressed entry header\n", .formats = {{"probe", "name: a\nID: 1\nformat:\n"}, {"sched", "name: b\nID: 2\nformat:\n"}}});
  fuzz({seed}, {std::string(8, '\0'), std::string(4, '\xff')}, 4000, [](const std::string& bytes) { record::decode_tracing_data(bytes_of(bytes)); });
}

TEST_CASE("fuzz: raw records") {
  const auto schema = record::parse_format(
      "name: e\nID: 1\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
      "\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;\n\tfield:__data_loc char[] name;\toffset:16;\tsize:4;\tsigned:1;\n"
      "\tfield:u8 mac[6];\toffset:20;\tsize:6;\tsigned:0;\n\tfield:__data_loc u16[] list;\toffset:28;\tsize:4;\tsigned:0;\n"
      "\tfield:s32 n;\toffset:32;\tsize:4;\tsigned:1;\n\nprint fmt: \"\", 0\n",
      "probe");
  REQUIRE(schema);
  std::string raw(48, '\1');
  raw.replace(16, 4, std::string("\x24\x00\x05\x00", 4));
  raw.replace(28, 4, std::string("\x28\x00\x04\x00", 4));
  record::Record record;
  fuzz({raw}, {std::string(4, '\0'), std::string(4, '\xff')}, 4000, [&](const std::string& bytes) {
    record::decode_raw(*schema, bytes_of(bytes), record);
    REQUIRE(record.values.size() == schema->fields.size());
  });
}

}  // namespace dtp::test
