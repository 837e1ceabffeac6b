#include "debug/btf.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "debug/info.h"
#include "support/btf_builder.h"
#include "type/query.h"

namespace dtp::debug {
namespace {

using test::BtfBuilder;

// A file in memory with a path.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& content) : fd_(::memfd_create("btf", MFD_CLOEXEC)) {
    CHECK(base::write_all(fd_.get(), content, "btf").has_value());
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

 private:
  base::Fd fd_;
};

std::span<const std::byte> span_of(const std::string& bytes) { return std::as_bytes(std::span(bytes)); }

std::string parse_error(const std::string& bytes, const btf::Blob* base = nullptr) {
  const auto blob = btf::Blob::parse(span_of(bytes), base, "x");
  return blob ? "" : blob.error().what;
}

// A kernel in small: enough for one of each kind.
struct Kernel {
  BtfBuilder builder = {};
  BtfBuilder::Id int_id, u32, boolean, character, be32, name, dentry, flags, file, vfs_read;

  Kernel() {
    int_id = builder.integer("int", 4, 1);
    u32 = builder.integer("unsigned int", 4);
    boolean = builder.integer("_Bool", 1, 4);
    character = builder.integer("char", 1, 1);
    be32 = builder.typedef_("__be32", u32);
    name = builder.array(character, 16);
    dentry = builder.pointer(builder.forward("dentry"));
    flags = builder.structure("", 4, {{"low", u32}, {"high", u32}}, {3U << 24 | 0, 29U << 24 | 3}, true);
    file = builder.structure("file", 32, {{"d_name", name}, {"", flags}, {"parent", dentry}}, {0, 128, 192});
    vfs_read = builder.function("vfs_read", int_id, {{"file", builder.pointer(file)}, {"", int_id}, {"count", u32}});
  }
};

}  // namespace

TEST_CASE("every kind becomes a type") {
  BtfBuilder b;
  const auto u8 = b.integer("unsigned char", 1);
  const auto u32 = b.integer("unsigned int", 4);
  const std::vector<std::pair<BtfBuilder::Id, std::string>> rows{
      {u8, "unsigned char"},
      {b.pointer(b.const_(u8)), "const unsigned char *"},
      {b.pointer(b.type_tag("user", u8)), "unsigned char *"},
      {b.array(u8, 16), "unsigned char [16]"},
      {b.array(u8, 0), "unsigned char []"},
      {b.structure("file", 4, {{"a", u32}}, {0}), "struct file"},
      {b.structure("", 4, {{"a", u32}}, {0}, false, true), "union {...}"},
      {b.forward("sock"), "struct sock"},
      {b.forward("u", true), "union u"},
      {b.enumeration("pid_type", {{"PID", 0}}), "enum pid_type"},
      {b.enumeration64("big", {{"TOP", 1ULL << 63}}), "enum big"},
      {b.typedef_("pid_t", u32), "pid_t"},
      {b.floating("double", 8), "double"},
      {b.pointer(b.prototype(0, {})), "function *"},
      {b.pointer(0), "void *"},
      {b.variable("here", u32), "unknown type"},
      {b.data_section(".data", u32), "unknown type"},
      {b.declaration_tag("kfunc", u32), "unknown type"},
  };
  const MemoryFile file(b.bytes());
  const auto info = open_btf(file.path(), "");
  REQUIRE(info);
  for (const auto& [id, text] : rows) CHECK(type::declare((*info)->types(), {id}) == text);
  CHECK((*info)->types().at({1000}).kind == type::Kind::unknown);
}

TEST_CASE("integers, booleans, characters and enums know their sign") {
  BtfBuilder b;
  const auto signed_int = b.integer("int", 4, 1);
  const auto plain_char = b.integer("char", 1, 1);
  const auto truth = b.integer("_Bool", 1, 4);
  const auto u128 = b.integer("unsigned __int128", 16);
  const auto negative = b.enumeration("old", {{"MINUS", 0xFFFFFFFF}});
  const std::string bytes = b.bytes();
  const auto blob = btf::Blob::parse(span_of(bytes), nullptr, "x");
  REQUIRE(blob);
  CHECK(blob->load(signed_int).is_signed);
  CHECK(blob->load(plain_char).kind == type::Kind::character);
  CHECK(blob->load(plain_char).is_signed);
  CHECK(blob->load(truth).kind == type::Kind::boolean);
  CHECK(blob->load(u128).size == 16);
  // Without any kind_flag among the enums, a negative value tells.
  CHECK(blob->load(negative).is_signed);
  CHECK(blob->load(negative).enumerators[0].value == -1);

  b.enumeration("new", {{"MINUS", 0xFFFFFFFE}}, true);
  const std::string newer = b.bytes();
  const auto told = btf::Blob::parse(span_of(newer), nullptr, "x");
  REQUIRE(told);
  CHECK_FALSE(told->load(negative).is_signed);
  CHECK(told->load(negative).enumerators[0].value == 0xFFFFFFFF);
  CHECK(told->load(negative + 1).enumerators[0].value == -2);
}

TEST_CASE("functions have parameters at their registers") {
  const Kernel kernel;
  const MemoryFile file(kernel.builder.bytes());
  const auto opened = open_btf(file.path(), "");
  REQUIRE(opened);
  Info& info = **opened;
  CHECK(info.source() == "BTF of " + file.path());
  CHECK(info.function_names() == std::vector<std::string>{"vfs_read"});
  CHECK(info.find_functions("vfs_rea")->empty());
  const auto found = info.find_functions("vfs_read");
  REQUIRE(found->size() == 1);
  const Instance& instance = found->front();
  CHECK(instance.scope == kernel.vfs_read);
  CHECK(info.find_result_type(instance) == type::Id{kernel.int_id});
  CHECK_FALSE(info.returns_void(instance));
  CHECK(info.find_function_at(0)->empty());

  const auto variables = info.find_variables(instance, 0);
  REQUIRE(variables.size() == 2);
  CHECK(type::declare(info.types(), variables[0].type) == "struct file *");
  CHECK(variables[1].name == "count");
  const auto place = std::get<Location>(info.locate(instance, 0, variables[1]));
  CHECK(place.kind == Location::Kind::value);
  CHECK(std::get<path::Register>(place.base).number == 1);  // %dx: the nameless one has %si

  const type::Id file_type = info.types().at(variables[0].type).target;
  CHECK(type::find_member(info.types(), file_type, "high")->bit_offset == 131);
  CHECK(type::find_member(info.types(), file_type, "high")->bit_size == 29);
  CHECK(type::find_member(info.types(), file_type, "parent")->bit_offset == 192);
}

TEST_CASE("a module's types go on where the kernel's end") {
  const Kernel kernel;
  BtfBuilder module = BtfBuilder::module_of(kernel.builder);
  const auto own = module.structure("ct", 8, {{"owner", kernel.file}}, {0});
  module.function("nf_ct_get", module.pointer(own), {{"count", kernel.u32}});
  const MemoryFile kernel_file(kernel.builder.bytes());
  const MemoryFile module_file(module.bytes());

  const auto info = open_btf(module_file.path(), kernel_file.path());
  REQUIRE(info);
  CHECK((*info)->function_names() == std::vector<std::string>{"nf_ct_get"});
  const auto found = (*info)->find_functions("nf_ct_get");
  REQUIRE(found->size() == 1);
  CHECK(type::declare((*info)->types(), (*info)->find_result_type(found->front())) == "struct ct *");
  CHECK(type::declare((*info)->types(), {kernel.file}) == "struct file");

  CHECK(parse_error(module.bytes()) == "the BTF of 'x' is a module's and needs the kernel's");
  BtfBuilder other;
  other.integer("another kernel", 4);
  const MemoryFile other_file(other.bytes());
  const auto wrong = open_btf(module_file.path(), other_file.path());
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().what == "the BTF of '" + module_file.path() + "' does not belong to the BTF of the kernel");
}

TEST_CASE("broken BTF is an error, never a crash") {
  const std::string good = Kernel().builder.bytes();
  REQUIRE(parse_error(good).empty());
  CHECK(parse_error("") == "'x' is not BTF");
  CHECK(parse_error("#!/bin/sh\n and more than a header") == "'x' is not BTF");
  CHECK(parse_error("\xEB\x9F" + good.substr(2)) == "the BTF of 'x' is of a big-endian machine");
  CHECK(parse_error(good.substr(0, 2) + "\x07" + good.substr(3)) == "the BTF of 'x' has version 7, known is 1");
  CHECK(parse_error(good.substr(0, good.size() - 1)) == "the BTF of 'x' is broken: it ends early");
  for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(parse_error(good.substr(0, size)).empty());

  BtfBuilder unknown_kind;
  unknown_kind.add(25, "later", 0);
  CHECK(parse_error(unknown_kind.bytes()) == "the BTF of 'x' has types of an unknown kind 25");
  BtfBuilder no_kind;
  no_kind.add(0, "", 0);
  CHECK(parse_error(no_kind.bytes()) == "the BTF of 'x' is broken: type 1 is not a type");
  BtfBuilder too_long;
  too_long.add(4, "s", 8, {0, 0, 0}, 2);
  CHECK(parse_error(too_long.bytes()) == "the BTF of 'x' is broken: type 1 runs past the end");
}

TEST_CASE("types that go round in circles end somewhere") {
  BtfBuilder b;
  const auto self = b.typedef_("self", 1);
  const auto pointer = b.pointer(2);
  const auto nested = b.structure("", 8, {{"", 3}, {"", 3}}, {0, 0});
  const auto elements = b.array(4, 0xFFFFFFFF);
  const auto not_there =
      b.function("f", 77, {{"a", self}, {"b", pointer}, {"c", nested}, {"d", elements}, {"e", 4000}});
  b.add(12, "g", self);  // a function whose prototype is none
  const MemoryFile file(b.bytes());
  const auto info = open_btf(file.path(), "");
  REQUIRE(info);
  for (const char* name : {"f", "g"}) {
    const auto found = (*info)->find_functions(name);
    REQUIRE(found->size() == 1);
    for (const Variable& variable : (*info)->find_variables(found->front(), 0)) {
      (*info)->locate(found->front(), 0, variable);
      type::declare((*info)->types(), variable.type);
      type::size_of((*info)->types(), variable.type);
      CHECK_FALSE(type::find_member((*info)->types(), variable.type, "x"));
    }
  }
  CHECK(not_there > 0);
}

TEST_CASE("a file without BTF says so") {
  const auto none = open_btf("/proc/self/exe", "");
  REQUIRE_FALSE(none);
  CHECK(none.error().what == "'/proc/self/exe' has no BTF");
  CHECK(none.error().status == Status::not_possible);
  CHECK(open_btf("/nowhere", "").error().what == "cannot open '/nowhere': no such file or directory");
}

TEST_CASE("types and enumerators are found by name") {
  BtfBuilder b;
  const auto u32 = b.integer("unsigned int", 4);
  b.forward("file");
  b.variable("file", u32);
  const auto file = b.structure("file", 4, {{"a", u32}}, {0});
  const auto state = b.enumeration("state", {{"DOWN", 0xFFFFFFFF}, {"UP", 1}}, true);
  const auto file_t = b.typedef_("file", file);
  b.enumeration64("big", {{"TOP", 1ULL << 40}});
  BtfBuilder m = BtfBuilder::module_of(b);
  const auto own = m.structure("own", 4, {{"a", u32}}, {0});
  const std::string base_bytes = b.bytes();
  const std::string bytes = m.bytes();
  const auto base = btf::Blob::parse(span_of(base_bytes), nullptr, "base");
  REQUIRE(base);
  const auto blob = btf::Blob::parse(span_of(bytes), &*base, "x");
  REQUIRE(blob);
  CHECK(blob->find_type("struct own") == own);
  CHECK(blob->find_type("struct file") == file);
  CHECK(blob->find_type("file") == file_t);
  CHECK(blob->find_type("unsigned int") == u32);
  CHECK(blob->find_type("enum state") == state);
  CHECK(!blob->find_type("union file"));
  CHECK(!blob->find_type("state"));
  CHECK(!base->find_type("struct own"));
  CHECK(blob->find_enumerator("DOWN") == -1);
  CHECK(blob->find_enumerator("UP") == 1);
  CHECK(blob->find_enumerator("TOP") == std::int64_t{1} << 40);
  CHECK(!blob->find_enumerator("LEFT"));
}

}  // namespace dtp::debug
