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

TEST_CASE("names of processes do not mislead") {
  CHECK(parent_of_stat("7 (a) S 5) S 12 7") == 12);
  CHECK(parent_of_stat("7 (cat) R 1 7") == 1);
  CHECK(parent_of_stat("7 (cat) R") == 0);
  CHECK(parent_of_stat("") == 0);
}

}  // namespace dtp::record
