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
  static constexpr std::array<std::array<std::string_view, 2>, 21> table{{
      {"count", "(name count)"},
      {"t.0.1", "(member . (member . (name t) 0) 1)"},
      {"i.(*main.Square).side", "(member . (cast (member . (name i) data) 'main.Square *') side)"},
      {"i.(main.Set[int,a/b.T])", "(index (cast (member . (name i) data) 'main.Set[int,a/b.T] *') 0)"},
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

TEST_CASE("C's own forms become trees") {
  static constexpr std::array<std::array<std::string_view, 2>, 35> table{{
      {"(count)", "(name count)"},
      {"( v ).x", "(member . (name v) x)"},
      {"(p)->x", "(member -> (name p) x)"},
      {"((p))[1]", "(index (name p) 1)"},
      {"(struct sock *)sk", "(cast (name sk) 'struct sock *')"},
      {"(struct sock*) sk", "(cast (name sk) 'struct sock *')"},
      {"(const struct sock *const *)sk", "(cast (name sk) 'struct sock **')"},
      {"((struct tcp_sock *)sk)->snd_cwnd", "(member -> (cast (name sk) 'struct tcp_sock *') snd_cwnd)"},
      {"(struct sock *)p->m", "(cast (member -> (name p) m) 'struct sock *')"},
      {"(unsigned  char)x", "(cast (name x) 'unsigned char')"},
      {"(union u)x", "(cast (name x) 'union u')"},
      {"(pid_t)x", "(cast (name x) 'pid_t')"},
      {"(pid_t)(x)", "(cast (name x) 'pid_t')"},
      {"(pid_t)-8(%sp)", "(cast (deref -8 (register sp)) 'pid_t')"},
      {"(foo_t *)%di", "(cast (register di) 'foo_t *')"},
      {"(u8 *)(void *)x", "(cast (cast (name x) 'void *') 'u8 *')"},
      {"*p", "(index (name p) 0)"},
      {"**p", "(index (index (name p) 0) 0)"},
      {"*p->m", "(index (member -> (name p) m) 0)"},
      {"(*p).m", "(member . (index (name p) 0) m)"},
      {"&p->m", "(address-of (member -> (name p) m))"},
      {"(&v)->m", "(member -> (address-of (name v)) m)"},
      {"sizeof(struct sock)", "(sizeof 'struct sock')"},
      {"sizeof(foo_t *)", "(sizeof 'foo_t *')"},
      {"sizeof(*p)", "(sizeof (index (name p) 0))"},
      {"sizeof(foo_t)", "(sizeof (name foo_t))"},
      {"a::B::c", "(name a::B::c)"},
      {"a::R<int, b<4>>::c:u8", "(name a::R<int, b<4>>::c)"},
      {"(a::R<b<1>, 2> *)p", "(cast (name p) 'a::R<b<1>, 2> *')"},
      {"sizeof(a::R<int>)", "(sizeof 'a::R<int>')"},
      {"sizeof(a::B)", "(sizeof (name a::B))"},
      {"container_of(p, struct x, a.b)->c", "(member -> (container-of (name p) 'struct x' a.b) c)"},
      {"12", "(number 12)"},
      {"0x10", "(number 16)"},
      {"+8((struct x *)p)", "(deref +8 (cast (name p) 'struct x *'))"},
  }};
  for (const auto& [text, tree] : table) CHECK_MESSAGE(tree_of(text) == tree, text);
  const auto user = parse_argument("(p)@user", 1);
  REQUIRE(user);
  CHECK(user->user);
  CHECK(print(user->tree) == "(name p)");
}

TEST_CASE("blanks within parentheses stay in their word") {
  const auto request = parse_request("f ((struct sock *)sk)->x  container_of(p, struct y, m)->z count");
  REQUIRE(request);
  REQUIRE(request->arguments.size() == 3);
  CHECK(request->arguments[1].text == "container_of(p, struct y, m)->z");
  CHECK(error_of("f +0(%di b[x]") ==
        "error: ')' is missing\n"
        "  argument 1: +0(%di\n"
        "                    ^\n"
        "error: the index is not a number\n"
        "  argument 2: b[x]\n"
        "               ^^\n"
        "hint: write [N] or [N..M] with decimal or 0x numbers\n");
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
  const auto matching = parse_point("mine=vfs_read@read_write.c;ret==-1:*@");
  CHECK(matching->event == "mine");
  CHECK(matching->function == "vfs_read");
  CHECK(matching->file == "read_write.c");
  CHECK(matching->source_pattern == "ret==-1:*@");
  const auto matching_file = parse_point("fs/read_write.c;ret=*");
  CHECK(matching_file->file == "fs/read_write.c");
  CHECK(matching_file->function.empty());
  CHECK(matching_file->source_pattern == "ret=*");
  const auto tracepoint = parse_point("mine:on=sched:sched_switch");
  CHECK(tracepoint->provider == "sched");
  CHECK(tracepoint->function == "sched_switch");
  CHECK(tracepoint->event == "on");
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
        "hint: write [N] or [N..M] with decimal or 0x numbers\n"
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

TEST_CASE("what is wrong in C's own forms is pointed at") {
  CHECK(error_of("f (struct *)p") ==
        "error: a name is missing after 'struct'\n"
        "  argument 1: (struct *)p\n"
        "               ^^^^^^\n");
  CHECK(error_of("f (struct sock *) sk") ==
        "error: there is nothing to cast to 'struct sock'\n"
        "  argument 1: (struct sock *)\n"
        "              ^^^^^^^^^^^^^^^\n"
        "hint: write (TYPE)VALUE without a blank between them\n");
  CHECK(error_of("f (p->x") ==
        "error: ')' is missing\n"
        "  argument 1: (p->x\n"
        "                   ^\n");
  CHECK(error_of("f container_of(p, struct x)") ==
        "error: ',' is missing\n"
        "  argument 1: container_of(p, struct x)\n"
        "                                      ^\n");
  CHECK(error_of("f 12ab") ==
        "error: this is not a 64-bit number\n"
        "  argument 1: 12ab\n"
        "              ^^^^\n");
  CHECK(error_of("f offsetof(p)") ==
        "error: a call cannot be evaluated in a probe\n"
        "  argument 1: offsetof(p)\n"
        "                      ^\n");
}

TEST_CASE("hostile nesting is refused, not followed") {
  for (const std::string_view piece : {"+0(", "(", "*", "&", "(int)", "sizeof(", "container_of("}) {
    std::string text;
    for (int i = 0; i < 100000; ++i) text += piece;
    CHECK(!parse_argument(text, 1));
  }
}

}  // namespace dtp::expr
