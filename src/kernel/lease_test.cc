#include "kernel/lease.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/caret.h"
#include "kernel/fake_tracefs.h"
#include "kernel/owner.h"

namespace dtp::kernel {
namespace {

Lease example() {
  return {.name = "files-read",
          .what = "files-read min=4096",
          .since_s = 12,
          .until_s = 7212,
          .ring_bytes = 1 << 20,
          .recipe = "name = \"files-read\"\n\n[[probe]]\n",
          .recipe_file = "built in",
          .words = {"min=4096"},
          .options = {{"key", "comm,size"}},
          .events = {{.name = {"dtp_armed_files_read", "vfs_read"},
                      .group = "probe",
                      .probes = {"begin", "end"},
                      .filter = "size > 4096 && name == \"a b\"",
                      .format = "name: vfs_read\nID: 5\n\nfield: int x;\n",
                      .shown = {{"x", "size"}},
                      .members = {{2, "vfs_readv", ""}}},
                     {.name = {"sched", "sched_switch"}, .group = "sched"}},
          .is_whole = true};
}

// A directory that is gone with it.
struct Scratch {
  std::string path = "/tmp/lease-test-XXXXXX";
  Scratch() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~Scratch() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("a lease is what was written") {
  const Lease lease = example();
  CHECK(parse_lease(format_lease(lease)) == lease);
  Lease cut = lease;
  cut.is_whole = false;
  CHECK(parse_lease(format_lease(cut)) == cut);
}

TEST_CASE("ends of lines do not make lines") {
  Lease lease{.name = "x", .what = "a\nuntil 9", .words = {"a=b\nend"}, .is_whole = true};
  const auto read = parse_lease(format_lease(lease));
  REQUIRE(read);
  CHECK(read->what == "a until 9");
  CHECK(read->words == std::vector<std::string>{"a=b end"});
  CHECK(read->until_s == 0);
}

TEST_CASE("what is no lease is none") {
  for (const char* text : {"", "dtrace++ lease 2\n", "dtrace++ lease 1\nsince x\n", "dtrace++ lease 1\nfilter x\n",
                           "dtrace++ lease 1\nevent a b c\nmember 70000 x\n", "dtrace++ lease 1\nend\nname x\n",
                           "dtrace++ lease 1\nfoo\n"})
    CHECK_FALSE(parse_lease(text));
  const std::string whole = format_lease(example());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto part = parse_lease(whole.substr(0, size));
    CHECK_FALSE((part && part->is_whole && size + 1 < whole.size()));
  }
}

TEST_CASE("groups of leases are nobody's who lives") {
  CHECK(group_of_lease("files-read") == "dtp_armed_files_read");
  CHECK(lease_of_group("dtp_armed_files_read") == "files_read");
  for (const char* group : {"dtp_12_ab", "dtp_armed_", "dtp_armed_a.b", "probe", "dtp_armed__x"})
    CHECK_FALSE(lease_of_group(group));
  CHECK_FALSE(owner_of("dtp_armed_12_ab"));
  CHECK_FALSE(owner_of("dtp_armed_12"));
}

TEST_CASE("names") {
  for (const char* name : {"a", "files-read", "A_1", "0"}) CHECK(is_lease_name(name));
  for (const char* name : {"", "-a", "_a", ".", "a/b", "a b", "a\n", "ä", "01234567890123456789012345678901234567890"})
    CHECK_FALSE(is_lease_name(name));
}

TEST_CASE("files of leases") {
  const Scratch scratch;
  const Leases leases(scratch.path + "/armed");
  {
    auto held = leases.create("a-b");
    REQUIRE(held);
    const std::string file = scratch.path + "/armed/a_b";
    struct stat status = {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK_FALSE(leases.hold("a-b"));  // somebody is at work on it
    const auto again = leases.create("a_b");
    REQUIRE_FALSE(again);
    CHECK(
        base::format_error(again.error(), false) ==
        "error: 'a_b' is armed already\nhint: take another name (--name), or collect it first: dtrace++ collect a_b\n");
    held->lease.what = "x";
    held->lease.is_whole = true;
    REQUIRE(held->save());
  }
  REQUIRE(leases.list().size() == 1);
  CHECK(leases.list().front().what == "x");
  auto held = leases.hold("a-b");
  REQUIRE(held);
  REQUIRE(*held);
  CHECK((*held)->lease.name == "a-b");
  leases.forget(**held);
  CHECK(leases.list().empty());
  auto gone = leases.hold("a-b");
  CHECK((gone && !*gone));
}

TEST_CASE("what others could have written is not looked at") {
  const Scratch scratch;
  const std::string folder = scratch.path + "/armed";
  const Leases leases(folder);
  REQUIRE(leases.create("one"));
  const std::string file = folder + "/one";
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  CHECK(leases.list().empty());
  REQUIRE(::chmod(file.c_str(), 0600) == 0);
  CHECK(leases.list().size() == 1);
  REQUIRE(::link(file.c_str(), (folder + "/two").c_str()) == 0);
  CHECK(leases.list().empty());
  REQUIRE(::unlink((folder + "/two").c_str()) == 0);
  REQUIRE(::symlink(file.c_str(), (folder + "/two").c_str()) == 0);
  REQUIRE(::mkfifo((folder + "/three").c_str(), 0600) == 0);
  CHECK(leases.list().size() == 1);
  REQUIRE(::chmod(folder.c_str(), 0777) == 0);
  CHECK(leases.list().empty());
  CHECK_FALSE(leases.create("four"));
}

TEST_CASE("what has ended is removed, the others stay") {
  const Scratch scratch;
  const Leases leases(scratch.path);
  FakeTraceFs tracefs;
  for (const auto& [name, until, whole] :
       {std::tuple("old", std::uint64_t{0}, true), std::tuple("new", seconds_since_boot() + 1000, true),
        std::tuple("cut", seconds_since_boot() + 1000, false)}) {
    auto held = leases.create(name);
    REQUIRE(held);
    held->lease.until_s = until;
    held->lease.is_whole = whole;
    REQUIRE(held->save());
  }
  auto working = leases.hold("cut");
  REQUIRE(working);
  CHECK(remove_expired(tracefs, leases) == std::vector<std::string>{"old"});
  *working = std::nullopt;
  CHECK(remove_expired(tracefs, leases) == std::vector<std::string>{"cut"});
  CHECK(leases.list().size() == 1);
}

}  // namespace dtp::kernel
