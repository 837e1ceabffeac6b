#include "expr/parse.h"

#include <doctest/doctest.h>

#include <array>

#include "base/caret.h"

namespace dtp::expr {
namespace {

std::string tree_of(std::string_view text) {
  const auto argument = parse_argument(text, 1);
  return argument ? print(argument->tree) : base::format_error(argument.error(), false);
}

std::string error_of(std::string_view request) {
  const auto parsed = parse_request(request);
  return parsed ? "no error" : base::format_error(parsed.error(), false);
}

}  // namespace

TEST_CASE("expressions become trees") {
  static constexpr std::array<std::array<std::string_view, 2>, 18> table{{
      {"count", "(name count)"},
      {"file->f_path.dentry", "(member . (member -> (name file) f_path) dentry)"},
      {"v.s[3]", "(index (member . (name v) s) 3)"},
      {"b[-1]", "(index (name b) -1)"},
      {"%di", "(register di)"},
      {"+0(+40(%di))", "(deref +0 (deref +40 (register di)))"},
      {"-8(%sp)", "(deref -8 (register sp))"},
      {"+u0(regs->si)", "(deref-user +0 (member -> (name regs) si))"},
      {"@jiffies_64", "(symbol jiffies_64 +0)"},
      {"@init_task-16", "(symbol init_task -16)"},
      {"@0x10", "(address 16)"},
      {"@+64", "(file-offset 64)"},
      {"$retval->name", "(member -> (retval) name)"},
      {"$stack2", "(stack 2)"},
      {"$arg3", "(arg 3)"},
      {"$comm", "(comm)"},
      {"\\-5", "(number -5)"},
      {"\\\"a=b\"", "(text \"a=b\")"},
  }};
  for (const auto& [text, tree] : table) CHECK_MESSAGE(tree_of(text) == tree, text);
}

TEST_CASE("names, types and address spaces") {
  const auto argument = parse_argument("n=file->name:string@user", 1);
  REQUIRE(argument);
  CHECK(argument->name == "n");
  CHECK(argument->type == "string");
  CHECK(argument->user);
  CHECK(argument->type_span == Span{13, 19});
  const auto bits = parse_argument("x:b4@3/32", 1);
  REQUIRE(bits);
  CHECK(bits->type == "b4@3/32");
  CHECK(!bits->user);
}

TEST_CASE("probe points") {
  const auto full = parse_point("fs:myread=vfs_read@read_write.c+4");
  REQUIRE(full);
  CHECK(full->group == "fs");
  CHECK(full->event == "myread");
  CHECK(full->function == "vfs_read");
  CHECK(full->file == "read_write.c");
  CHECK(full->offset == 4);
  CHECK(!full->is_return);
  const auto exit = parse_point("readline%return");
  REQUIRE(exit);
  CHECK(exit->function == "readline");
  CHECK(exit->is_return);
  const auto address = parse_point("0xffffffff81350200");
  REQUIRE(address);
  CHECK(address->address == 0xffffffff81350200U);
  const auto line = parse_point("vfs_read@read_write.c:7");
  REQUIRE(line);
  CHECK(line->function == "vfs_read");
  CHECK(line->line == 7U);
  const auto file_line = parse_point("e=fs/read_write.c:462");
  REQUIRE(file_line);
  CHECK(file_line->function.empty());
  CHECK(file_line->file == "fs/read_write.c");
  CHECK(file_line->line == 462U);
  CHECK(parse_point("vfs_read:0")->line == std::nullopt);
  CHECK(parse_point("finish_task_switch.isra.0")->function == "finish_task_switch.isra.0");
}

TEST_CASE("wrong requests point at the place") {
  CHECK(error_of("") == "error: the probe is empty\nhint: write FUNCTION [ARGUMENT...]\n");
  CHECK(error_of("my-ev=f") ==
        "error: 'my-ev' is not a name for an event\n"
        "  probe point: my-ev=f\n"
        "               ^^^^^\n"
        "hint: use letters, digits and '_', not a digit first\n");
  CHECK(error_of("f%retrun") ==
        "error: '%retrun' is not understood\n"
        "  probe point: f%retrun\n"
        "                ^^^^^^^\n"
        "hint: only %return may follow a function\n");
  CHECK(error_of("f+4%return") ==
        "error: a return probe takes no offset\n"
        "  probe point: f+4%return\n"
        "                  ^^^^^^^\n"
        "hint: write FUNCTION%return\n");
  CHECK(error_of("f a b[x] file->") ==
        "error: the index is not a number\n"
        "  argument 2: b[x]\n"
        "               ^^\n"
        "hint: write [N] with a decimal or 0x number\n"
        "error: a member's name is missing after '->'\n"
        "  argument 3: file->\n"
        "                  ^^\n");
  CHECK(error_of("f $retvl") ==
        "error: there is no '$retvl'\n"
        "  argument 1: $retvl\n"
        "              ^^^^^^\n"
        "hint: did you mean 'retval'?\n");
  CHECK(error_of("f +0(%di") ==
        "error: ')' is missing\n"
        "  argument 1: +0(%di\n"
        "                    ^\n");
}

TEST_CASE("hostile nesting is refused, not followed") {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "+0(";
  CHECK(!parse_argument(text, 1));
}

}  // namespace dtp::expr
