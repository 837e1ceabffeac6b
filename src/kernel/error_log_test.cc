#include "kernel/error_log.h"

#include <doctest/doctest.h>

namespace dtp::kernel {
namespace {

constexpr std::string_view log_text =
    "[ 1057.001932] trace_uprobe: error: Unknown type is specified\n"
    "  Command: p:a/b /x:0x1 s=+0(%si):strin\n"
    "                                  ^\n"
    "[ 1351.479482] hist:sched:sched_switch: error: Couldn't find field\n"
    "  Command: keys=nope\n"
    "                ^\n"
    "[ 1351.479663] trace_uprobe: error: Invalid register name\n"
    "  Command: p:a/b /x:0x1 a=%dxx\n"
    "                          ^\n";

}  // namespace

TEST_CASE("entries with message and column") {
  const auto entries = parse_error_log(log_text);
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].message == "Unknown type is specified");
  CHECK(entries[0].command.substr(entries[0].column) == "strin");
  CHECK(entries[2].message == "Invalid register name");
  CHECK(entries[2].command.substr(entries[2].column) == "%dxx");
}

TEST_CASE("only a new entry of our own command counts") {
  const std::string after(log_text);
  CHECK(find_new_entry("", after, "p:a/b /x:0x1 a=%dxx")->message == "Invalid register name");
  CHECK_FALSE(find_new_entry(after, after, "p:a/b /x:0x1 a=%dxx"));
  CHECK_FALSE(find_new_entry("", after, "p:a/b /x:0x1 a=%dx"));
  const std::string again = after +
                            "[ 1399.000000] trace_uprobe: error: Something else\n"
                            "  Command: p:a/b /x:0x1 a=%dxx\n"
                            "           ^\n";
  const auto entry = find_new_entry(after, again, "p:a/b /x:0x1 a=%dxx");
  REQUIRE(entry);
  CHECK(entry->message == "Something else");
  CHECK(entry->column == 0);
}

TEST_CASE("torn and empty logs") {
  CHECK(parse_error_log("").empty());
  CHECK(parse_error_log("# comment\n  Command: x\n   ^\n").empty());
  CHECK(parse_error_log("[1.0] a: error: b\n  Command: x").size() == 1);
  CHECK(parse_error_log("[1.0] a: error: b\n  Command: x").front().column == 0);
}

}  // namespace dtp::kernel
