#include "record/jit_code.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "record/address_spaces.h"
#include "record/jit_files.h"

namespace dtp::record {
namespace {

template <class T>
void put(std::string& out, T number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string dump_header(std::uint64_t flags = 0) {
  std::string out;
  for (const std::uint32_t number : {0x4A695444U, 1U, 40U, 62U, 0U, 7U}) put(out, number);
  put(out, std::uint64_t{1});
  put(out, flags);
  return out;
}

std::string dump_record(std::uint32_t kind, std::uint64_t time, std::initializer_list<std::uint64_t> numbers,
                        std::string_view rest) {
  std::string body(8, '\0');
  for (const std::uint64_t number : numbers) put(body, number);
  body += rest;
  std::string out;
  put(out, kind);
  put(out, static_cast<std::uint32_t>(16 + body.size()));
  put(out, time);
  return out + body;
}

struct File {
  char name[32] = "/tmp/dtrace-jit-XXXXXX";
  base::Fd fd{::mkstemp(name)};
  ~File() { ::unlink(name); }
  void append(std::string_view bytes) const { REQUIRE(base::write_all(fd.get(), bytes, name)); }
};

}  // namespace

TEST_CASE("lines of a perf map") {
  CHECK(parse_perf_map("7f00 10 a b\n0x7f10 20 LazyCompile:~x\nrest") ==
        JitFunctions{{0, 0x7f00, 0x10, "a b"}, {0, 0x7f10, 0x20, "LazyCompile:~x"}});
  for (const char* wrong : {"", "\n\n", "7f00", "7f00 10", "7f00 10 ", "7f00 0 a", "zz 10 a", "7f00 10x a",
                            "ffffffffffffffff 2 a", "-1 10 a", "17f00000000000000 10 a"})
    CHECK(parse_perf_map(wrong).empty());
}

TEST_CASE("a jitdump, as it grows") {
  const File file;
  JitDump dump;
  CHECK(dump.read(file.fd.get()).empty());
  file.append(dump_header());
  CHECK(dump.read(file.fd.get()).empty());
  const std::string load = dump_record(0, 5, {0x1000, 0x1000, 4, 1}, std::string("f\0code", 6));
  file.append(load.substr(0, 30));
  CHECK(dump.read(file.fd.get()).empty());
  file.append(load.substr(30));
  CHECK(dump.read(file.fd.get()) == JitFunctions{{5, 0x1000, 4, "f"}});
  file.append(dump_record(2, 6, {1, 2, 3}, "debug"));
  file.append(dump_record(1, 7, {0x2000, 0x1000, 0x2000, 4, 1}, ""));
  file.append(dump_record(1, 8, {0x2000, 0x1000, 0x2000, 4, 99}, ""));  // of what nobody knows
  CHECK(dump.read(file.fd.get()) == JitFunctions{{7, 0x2000, 4, "f"}});
  std::string broken(16, '\0');
  file.append(broken);
  file.append(load);
  CHECK(dump.read(file.fd.get()).empty());
}

TEST_CASE("a jitdump by the processor's clock has no times; what is none is not read") {
  const File file;
  file.append(dump_header(1) + dump_record(0, 5, {0x1000, 0x1000, 4, 1}, std::string("f\0code", 6)));
  JitDump dump;
  CHECK(dump.read(file.fd.get()) == JitFunctions{{0, 0x1000, 4, "f"}});
  const File other;
  other.append(std::string(200, 'x'));
  JitDump none;
  CHECK(none.read(other.fd.get()).empty());
}

TEST_CASE("what a recording keeps of it") {
  const JitProcesses processes{{7, {{0, 0x7f00, 0x10, "a b"}, {12, 0x7f00, 0x10, "process 8"}}}, {9, {}}};
  CHECK(decode_jit(encode_jit(processes)) == processes);
  CHECK(decode_jit("1 2 3 before\nprocess x\n1 2 3 a\nprocess 4\n1 2\n").at(4).empty());
}

TEST_CASE("functions lie over others; a file's own code is not hidden; a fork keeps what was there") {
  AddressSpaces spaces;
  spaces.add({.pid = 7, .start = 0x1000, .end = 0x9000, .offset = 0, .module = {.path = "//anon"}});
  spaces.add({.pid = 7, .start = 0x9000, .end = 0xa000, .offset = 0, .module = {.path = "/lib/x.so"}});
  const auto name_at = [&](std::uint32_t pid, std::uint64_t address) {
    const Frame frame = frame_in_program(&spaces.of(pid), address, false);
    return frame.module == nullptr ? "none" : frame.module->function + "+" + std::to_string(frame.offset & 0xff);
  };
  for (const JitFunction& function :
       {JitFunction{0, 0x2000, 0x100, "a"}, {0, 0x2100, 0x100, "b"}, {0, 0x20f0, 0x20, "c"}, {0, 0x9000, 16, "d"}})
    spaces.add_function(7, function);
  CHECK(name_at(7, 0x20ef) == "a+239");
  CHECK(name_at(7, 0x20f0) == "c+0");
  CHECK(name_at(7, 0x210f) == "c+31");
  CHECK(name_at(7, 0x2110) == "+16");  // the rest of what was there is no function
  CHECK(name_at(7, 0x9000) == "+0");
  spaces.fork(8, 7);
  const std::uint64_t before = spaces.of(7).made_id;
  spaces.add_function(7, {0, 0x2000, 0x100, "e"});
  CHECK(spaces.of(7).made_id != before);
  CHECK(name_at(7, 0x2000) == "e+0");
  CHECK(name_at(8, 0x2000) == "a+0");
}

TEST_CASE("which mappings are of code that is made") {
  for (const char* path : {"", "//anon", "[anon:v8]", "/memfd:doublemapper (deleted)", "/dev/zero (deleted)"})
    CHECK(is_jit_memory(path));
  for (const char* path : {"/lib/libc.so.6", "[vdso]", "[kernel.kallsyms]"}) CHECK_FALSE(is_jit_memory(path));
  CHECK(is_jit_dump("/root/.debug/jit/java-jit-1/jit-12.dump"));
  for (const char* path : {"jit-12.dump", "/jit-.dump", "/jit-x.dump", "/a/jit-1.dump.old"})
    CHECK_FALSE(is_jit_dump(path));
}

}  // namespace dtp::record
