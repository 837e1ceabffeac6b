#include "kernel/abilities.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "kernel/fake_tracefs.h"
#include "kernel/owner.h"

namespace dtp::kernel {

TEST_CASE("a trial leaves nothing behind") {
  FakeTraceFs fake;
  CHECK(try_definition(fake, "kprobe_events", 'p', "vfs_read").error() == ENOENT);
  fake.files["kprobe_events"] = "p:other/theirs x\n";
  CHECK(try_definition(fake, "kprobe_events", 'p', "vfs_read"));
  CHECK(fake.files["kprobe_events"] == "p:other/theirs x\n");
  const std::string line = "p:" + group_of(*this_process()) + "/tried vfs_read";
  CHECK(fake.log.front() == "kprobe_events <- " + line);
  fake.refused[line] = EPERM;
  CHECK(try_definition(fake, "kprobe_events", 'p', "vfs_read").error() == EPERM);
  CHECK(fake.log.size() == 3);
}

}  // namespace dtp::kernel
