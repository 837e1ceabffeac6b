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

TEST_CASE("the README tells what the kernel's grammar has") {
  FakeTraceFs fake;
  CHECK_FALSE(read_grammar(fake).function_probes);
  fake.files["README"] =
      "\t   Format: p[:[<group>/][<event>]] <place> [<args>]\n"
      "\t           f[:[<group>/][<event>]] <func-name>[%return] [<args>]\n"
      "\t fetcharg: $stack<index>, $stack, $retval, $comm, $arg<N>,\n"
      "\t     kernel return probes support: $retval, $arg<N>, $comm\n"
      "\t           symstr, %pd/%pD, <type>\\[<array-size>\\]\n";
  CHECK(read_grammar(fake).function_probes);
  CHECK(read_grammar(fake).arguments_at_return);
  CHECK(read_grammar(fake).path_names);
  fake.files["README"] = "\t     kernel return probes support: $retval, $comm\n\t$arg<N>\n";
  CHECK_FALSE(read_grammar(fake).arguments_at_return);
}

}  // namespace dtp::kernel
