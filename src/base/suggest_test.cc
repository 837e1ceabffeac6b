#include "base/suggest.h"

#include <doctest/doctest.h>

#include <array>

namespace dtp::base {

TEST_CASE("edit distance counts a swap of neighbours as one") {
  CHECK(edit_distance("vfs_raed", "vfs_read", 3) == 1);
  CHECK(edit_distance("lenn", "len", 3) == 1);
  CHECK(edit_distance("a", "abcd", 2) == 3);
}

TEST_CASE("nearest lists the nearest first and never the name itself") {
  const std::array<std::string_view, 5> names{"vfs_read", "vfs_readv", "vfs_write", "vfs_raed", "tcp_sendmsg"};
  CHECK(nearest("vfs_raed", names) == std::vector<std::string>{"vfs_read", "vfs_readv"});
  CHECK(nearest("zzzzzz", names).empty());
}

TEST_CASE("did_you_mean reads as a sentence") {
  CHECK(did_you_mean({}).empty());
  CHECK(did_you_mean({"len"}) == "did you mean 'len'?");
  CHECK(did_you_mean({"a", "b", "c"}) == "did you mean 'a', 'b' or 'c'?");
}

TEST_CASE("a few of many names") {
  const std::vector<std::string> names{"a", "b", "c"};
  CHECK(list_some(names, 3) == "a, b, c");
  CHECK(list_some(names, 2) == "a, b and 1 more");
  CHECK(list_some({}, 2).empty());
}

}  // namespace dtp::base
