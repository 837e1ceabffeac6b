#include "record/busy_thread.h"

#include <doctest/doctest.h>
#include <unistd.h>

namespace dtp::record {

TEST_CASE("stacks of the kernel") {
  using Functions = std::vector<std::string>;
  CHECK(parse_kernel_stack("[<0>] nfs_wait_bit_killable+0x1a/0x30 [nfs]\n[<0>] do_syscall_64+0x58/0xc0\n") ==
        Functions{"nfs_wait_bit_killable", "do_syscall_64"});
  CHECK(parse_kernel_stack("[<ffffffff81000000>] a.isra.0+0x1/0x2\n[<0>] 0xffffffffffffffff\n[<0>]\nnothing\n[<0>] ") ==
        Functions{"a.isra.0", "0xffffffffffffffff", ""});
  CHECK(parse_kernel_stack("").empty());
}

TEST_CASE("control groups") {
  CHECK(parse_cgroup("0::/system.slice/ssh.service\n") == "/system.slice/ssh.service");
  CHECK(parse_cgroup("4:memory:/a\n1:name=systemd:/b:/c\n0::/d\n") == "/d");
  CHECK(parse_cgroup("4:memory:/a\n1:name=systemd:/b\n") == "/a");
  CHECK(parse_cgroup("4:memory\n\n").empty());
  CHECK(parse_cgroup("").empty());
}

TEST_CASE("our own thread") {
  const BusyThread busy = read_busy_thread({::getpid(), ::getpid(), {}});
  CHECK(busy.cgroup.starts_with('/'));
  CHECK(busy.waits_in.empty());
}

}  // namespace dtp::record
