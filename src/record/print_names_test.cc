#include "record/print_names.h"

#include <doctest/doctest.h>

namespace dtp::record {

TEST_CASE("names of numbers") {
  const PrintNames names = print_names(
      R"(print fmt: "skbaddr=%p reason: %s", REC->skbaddr, __print_symbolic(REC->reason, { 2, "NOT_SPECIFIED" }, { 0x3, "NO, SOCKET" }))",
      "reason");
  CHECK(names == PrintNames{false, {{2, "NOT_SPECIFIED"}, {3, "NO, SOCKET"}}});
}

TEST_CASE("names of bits") {
  const PrintNames names = print_names(
      R"(print fmt: "%s", (REC->gfp_flags) ? __print_flags(REC->gfp_flags, "|", {(unsigned long)(((gfp_t)(0x400u))), "IO" }, {(unsigned long)8u, "FS"}, {1 << 4, "no"}) : "none")",
      "gfp_flags");
  CHECK(names == PrintNames{true, {{0x400, "IO"}, {8, "FS"}}});
}

TEST_CASE("a field that has none, and broken text") {
  CHECK(print_names("print fmt: \"%d\", REC->a", "a") == PrintNames{});
  CHECK(print_names("__print_symbolic(REC->a, { 1, \"x\" }", "a") == PrintNames{});
  CHECK(print_names("__print_symbolic(", "a") == PrintNames{});
  CHECK(print_names("__print_symbolic(REC->a, { 1, \"x)", "a") == PrintNames{});
  CHECK(print_names("__print_symbolic(REC->a, { 99999999999999999999, \"x\" }, { 1, \"y\" })", "a") ==
        PrintNames{false, {{1, "y"}}});
}

}  // namespace dtp::record
