#include "record/process_tree.h"

#include <doctest/doctest.h>
#include <unistd.h>

namespace dtp::record {

TEST_CASE("who started whom") {
  ProcessTree tree;
  tree.fork(1, 2000000001);
  tree.see(2000000001, "sh");
  tree.fork(2000000001, 2000000002);
  CHECK(tree.comm(2000000002) == "sh");
  tree.see(2000000002, "reboot");
  CHECK(tree.parent(2000000002) == 2000000001);
  CHECK(tree.chain(2000000002) == ":1 > sh > reboot");
  CHECK(tree.chain(2000000003) == ":2000000003");
  CHECK(tree.comm(2000000003).empty());
}

TEST_CASE("a circle of processes ends") {
  ProcessTree tree;
  tree.fork(2000000001, 2000000002);
  tree.fork(2000000002, 2000000001);
  CHECK(tree.chain(2000000001).size() < 1000);
}

TEST_CASE("this process has its parent") {
  CHECK(ProcessTree::of_this_machine().parent(static_cast<std::uint32_t>(::getpid())) ==
        static_cast<std::uint32_t>(::getppid()));
}

TEST_CASE("a family is looked up") {
  ProcessTree tree;
  const auto pid = static_cast<std::uint32_t>(::getpid());
  tree.see_family(pid);
  CHECK(tree.parent(pid) == static_cast<std::uint32_t>(::getppid()));
  CHECK_FALSE(tree.comm(tree.parent(pid)).empty());
  tree.see_family(2000000003);
  CHECK(tree.chain(2000000003) == ":2000000003");
}

}  // namespace dtp::record
