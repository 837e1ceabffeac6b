#include "kernel/registry.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace dtp::kernel {
namespace {

const KnownProbe tcp{.name = {"probe", "tcp_sendmsg"},
                     .request = "tcp_sendmsg size dest=sk->__sk_common.skc_daddr",
                     .fields = {{"size", path::Display::none, "size_t"},
                                {"dest", path::Display::ip4, "__be32"},
                                {"arg3", path::Display::port, ""}},
                     .lines = {"p:probe/tcp_sendmsg tcp_sendmsg+0 size=%dx:x64"}};
const Event listed{ProbeKind::kprobe, tcp.name, tcp.lines};

struct TemporaryDirectory {
  std::string path = [] {
    char name[] = "/tmp/dtracepp-test-XXXXXX";
    return std::string(::mkdtemp(name));
  }();
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("an entry reads back as it was written") {
  CHECK(format_known(tcp) ==
        "dtrace++ probe 1\n"
        "event probe tcp_sendmsg\n"
        "request tcp_sendmsg size dest=sk->__sk_common.skc_daddr\n"
        "line p:probe/tcp_sendmsg tcp_sendmsg+0 size=%dx:x64\n"
        "field size - size_t\n"
        "field dest ip4 __be32\n"
        "field arg3 port \n");
  CHECK(parse_known(format_known(tcp)) == tcp);
  CHECK_FALSE(parse_known(""));
  CHECK_FALSE(parse_known("something else\n"));
  CHECK_FALSE(parse_known("dtrace++ probe 1\nfield si"));
  CHECK(parse_known("dtrace++ probe 1\nnews of later versions\nfield\n")->fields.size() == 1);
}

TEST_CASE("who shares an event is known with it") {
  KnownProbe shared = tcp;
  shared.members = {{1, "tcp_recvmsg", "tcp_* size"}, {2, "tcp_sendmsg", "tcp_* size"}};
  CHECK(format_known(shared).ends_with("member 1 tcp_recvmsg tcp_* size\nmember 2 tcp_sendmsg tcp_* size\n"));
  CHECK(parse_known(format_known(shared)) == shared);
}

TEST_CASE("kept while the kernel's definition is the same") {
  const TemporaryDirectory temporary;
  const Registry registry(temporary.path + "/run/probes");
  CHECK_FALSE(registry.find(listed));
  registry.save(tcp, listed);
  CHECK(registry.find(listed) == tcp);
  struct stat status = {};
  REQUIRE(::stat((temporary.path + "/run/probes").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  CHECK_FALSE(registry.find({ProbeKind::kprobe, tcp.name, {"p:probe/tcp_sendmsg tcp_sendmsg+4"}}));
  CHECK(registry.find(listed) == tcp);
  registry.forget(tcp.name);
  CHECK_FALSE(registry.find(listed));
}

TEST_CASE("a directory that others may write to is not believed") {
  const TemporaryDirectory temporary;
  const Registry registry(temporary.path);
  registry.save(tcp, listed);
  REQUIRE(registry.find(listed));
  ::chmod(temporary.path.c_str(), 0777);
  CHECK_FALSE(registry.find(listed));
}

TEST_CASE("no place to write is no error, and names never become paths") {
  const Registry registry("/proc/nowhere");
  registry.save(tcp, listed);
  CHECK_FALSE(registry.find(listed));
  CHECK_FALSE(Registry("/").find({ProbeKind::kprobe, {"../etc", "passwd"}, {}}));
}

}  // namespace dtp::kernel
