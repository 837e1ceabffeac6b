#include "base/caret.h"

#include <doctest/doctest.h>

namespace dtp::base {

TEST_CASE("what, where with a caret, hint") {
  const Error error{.what = "'struct sk_buff' has no member 'lenn'",
                    .where = Where{"argument 2", "skb->lenn", {5, 9}},
                    .hint = "did you mean 'len'?",
                    .detail = "p:probe/x"};
  CHECK(format_error(error, false) ==
        "error: 'struct sk_buff' has no member 'lenn'\n"
        "  argument 2: skb->lenn\n"
        "                   ^^^^\n"
        "hint: did you mean 'len'?\n");
  CHECK(format_error(error, true).ends_with("detail: p:probe/x\n"));
}

TEST_CASE("an empty span shows one caret, a span past the end is cut") {
  CHECK(format_error({.what = "x", .where = Where{"", "ab", {2, 2}}}, false) == "error: x\n  ab\n    ^\n");
  CHECK(format_error({.what = "x", .where = Where{"", "ab", {1, 9}}}, false) == "error: x\n  ab\n   ^\n");
}

TEST_CASE("the caret stands right under UTF-8 and escaped text") {
  CHECK(format_error({.what = "x", .where = Where{"", "\xC3\xA4-b", {2, 3}}}, false) ==
        "error: x\n  \xC3\xA4-b\n   ^\n");
  CHECK(format_error({.what = "x", .where = Where{"", "\x1B[b", {2, 3}}}, false) == "error: x\n  \\x1b[b\n       ^\n");
}

TEST_CASE("errors of the same request follow") {
  CHECK(format_error({.what = "a", .also = {{.what = "b"}}}, false) == "error: a\nerror: b\n");
}

TEST_CASE("a terminal has its words and the caret in colour, and nothing that others wrote") {
  const Error error{.what = "x\033[1m", .where = Where{"", "ab", {0, 1}}, .hint = "y"};
  CHECK(format_error(error, false, true) ==
        "\033[1;31merror:\033[0m x\\x1b[1m\n  ab\n  \033[1;31m^\033[0m\n\033[1mhint:\033[0m y\n");
}

}  // namespace dtp::base
