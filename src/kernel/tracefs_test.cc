#include "kernel/tracefs.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace dtp::kernel {

TEST_CASE("writing adds and never truncates") {
  char name[] = "/tmp/dtracepp-test-XXXXXX";
  const std::string root = ::mkdtemp(name);
  std::ofstream(root + "/uprobe_events") << "p:theirs/x /bin/bash:0x10\n";
  RealTraceFs tracefs(root);
  REQUIRE(tracefs.write("uprobe_events", "p:ours/y /bin/bash:0x20\n"));
  CHECK(tracefs.read("uprobe_events") == "p:theirs/x /bin/bash:0x10\np:ours/y /bin/bash:0x20\n");
  CHECK(tracefs.list("") == std::vector<std::string>{"uprobe_events"});
  CHECK(tracefs.exists("uprobe_events"));
  CHECK(tracefs.read("nothing").error() == ENOENT);
  CHECK(tracefs.write("nothing", "x").error() == ENOENT);  // and is not created
  std::filesystem::remove_all(root);
}

TEST_CASE("no permission says what to do") {
  const Error error = tracefs_error("cannot open", "uprobe_events", EACCES);
  CHECK(error.what == "tracing is not permitted for this user");
  CHECK(error.hint == "run as root: sudo dtrace++ ...");
  CHECK(error.status == Status::not_possible);
  CHECK(tracefs_error("cannot read", "x", EIO).what == "cannot read 'x': input/output error (in tracefs)");
}

}  // namespace dtp::kernel
