#include "lower/lower.h"

#include <doctest/doctest.h>

#include <array>

#include "base/caret.h"
#include "expr/parse.h"
#include "lower/type_spec.h"
#include "lower/whole_struct.h"
#include "probe/definition.h"
#include "support/fake_info.h"

namespace dtp::lower {
namespace {

using type::Kind;

// int read(struct file *f, unsigned long count, const char *text, struct pair p): f in %di, count in %si, text in
// %dx, p (two ints) in %cx, and a local that is computed.
struct World {
  World() {
    const type::Id integer = info.add({.kind = Kind::integer, .name = "int", .size = 4, .is_signed = true});
    const type::Id number = info.add({.kind = Kind::integer, .name = "unsigned long", .size = 8});
    const type::Id character = info.add({.kind = Kind::character, .name = "char", .size = 1, .is_signed = true});
    const type::Id byte = info.add({.kind = Kind::character, .name = "unsigned char", .size = 1});
    const type::Id be32_plain = info.add({.kind = Kind::integer, .name = "unsigned int", .size = 4});
    const type::Id be32 = info.add({.kind = Kind::typedef_, .name = "__be32", .target = be32_plain});
    const type::Id label = info.add({.kind = Kind::array, .target = character, .count = 16});
    const type::Id numbers = info.add({.kind = Kind::array, .target = number, .count = 3});
    const type::Id inner = info.add({.kind = Kind::structure,
                                     .name = "inode",
                                     .size = 32,
                                     .members = {{"ino", number, 64, 0}, {"next", number, 128, 0}}});
    const type::Id inner_pointer = info.add_pointer(inner);
    const type::Id anonymous =
        info.add({.kind = Kind::union_, .size = 8, .members = {{"whole", number, 0, 0}, {"daddr", be32, 0, 0}}});
    const type::Id file = info.add({.kind = Kind::structure,
                                    .name = "file",
                                    .size = 128,
                                    .members = {{"inode", inner_pointer, 64, 0},
                                                {"label", label, 128, 0},
                                                {"numbers", numbers, 256, 0},
                                                {"", anonymous, 448, 0},
                                                {"flag", integer, 517, 3},
                                                {"raw", info.add_pointer(byte), 576, 0},
                                                {"next", number, 640, 0},
                                                {"inner", inner, 704, 0}}});
    const type::Id pair = info.add(
        {.kind = Kind::structure, .name = "pair", .size = 8, .members = {{"x", integer, 0, 0}, {"y", integer, 32, 0}}});
    const type::Id declared = info.add({.kind = Kind::structure, .name = "inode", .is_declaration = true});
    info.result = info.add_pointer(inner);
    info.names = {{"int", integer},        {"long unsigned int", number}, {"char", character},  {"__be32", be32},
                  {"struct inode", inner}, {"struct file", file},         {"struct pair", pair}};
    info.enumerators = {{"STATE_UP", 3}, {"STATE_DOWN", -1}, {"count", 7}};
    const auto in = [](int number) { return debug::Location{.base = path::Register{number}}; };
    info.variables = {
        {{"f", info.add_pointer(file), debug::Role::parameter}, in(5)},
        {{"count", number, debug::Role::parameter}, in(4)},
        {{"text", info.add_pointer(character), debug::Role::parameter}, in(1)},
        {{"p", pair, debug::Role::parameter}, in(2)},
        {{"hidden", info.add_pointer(declared), debug::Role::parameter}, in(8)},
        {{"table", file, debug::Role::global},
         debug::Location{.kind = debug::Location::Kind::memory, .base = path::Symbol{"table"}}},
        {{"by_reference", info.add({.kind = Kind::reference, .size = 8, .target = integer}), debug::Role::parameter},
         in(9)},
        {{"whole_by_reference", info.add({.kind = Kind::reference, .size = 8, .target = pair}), debug::Role::parameter},
         in(9)},
        {{"gone", number, debug::Role::local}, debug::Unavailable{debug::Reason::optimised_out, "it is optimised out"}},
        {{"sum", info.add_pointer(inner), debug::Role::local},
         debug::Location{.base = path::Register{3}, .offset = 120}}};
    info.instances = {{.function = "read", .address = 0x1000, .end = 0x1100, .file = "fs/read.c"}};
    target.info = &info;
    target.symbols = [this]() -> const debug::Symbols& { return symbols; };
  }

  std::string lower_text(const std::string& text) {
    const auto request = expr::parse_request(text);
    if (!request) return base::format_error(request.error(), false);
    const auto outcome = lower(*request, target);
    if (!outcome) return base::format_error(outcome.error(), false);
    const auto lines = probe::render(outcome->plans.front(), *target.arch);
    return lines ? lines->front().substr(lines->front().find(' ', lines->front().find(' ') + 1) + 1)
                 : lines.error().what;
  }

  debug::FakeInfo info = {};
  debug::Symbols symbols = {};
  Target target = {};
};

}  // namespace

TEST_CASE("a reference to a number stands for it, one to a struct for its address") {
  World world;
  CHECK(world.lower_text("read by_reference") == "by_reference=+0(%r9):s32");
  CHECK(world.lower_text("read by_reference:u8") == "by_reference_u8=+0(%r9):u8");
  CHECK(world.lower_text("read whole_by_reference") == "whole_by_reference=%r9:x64");
  CHECK(world.lower_text("read whole_by_reference.y") == "y=+4(%r9):s32");
}

TEST_CASE("expressions become fetch-args") {
  World world;
  static constexpr std::array<std::array<std::string_view, 2>, 26> table{{
      {"count", "count=%si:x64"},
      {"n=count:u8", "n=%si:u8"},
      {"count:u8", "count_u8=%si:u8"},
      {"f", "f=%di:x64"},
      {"f->inode", "inode=+8(%di):x64"},
      {"f->inode->ino", "ino=+8(+8(%di)):x64"},
      {"f->inner.ino", "ino=+96(%di):x64"},
      {"f[0].inner.ino", "ino=+96(%di):x64"},
      {"f->whole", "whole=+56(%di):x64"},
      {"f->daddr", "daddr=+56(%di):x32"},
      {"f->label", "label=+16(%di):string"},
      {"f->label[2]", "label=+18(%di):s8"},
      {"f->numbers", "numbers=+32(%di)"},
      {"f->numbers[2]", "numbers=+48(%di):x64"},
      {"f->flag", "flag=+64(%di):b3@5/32"},
      {"f->raw", "raw=+72(%di):x64"},
      {"f->raw:string", "raw=+0(+72(%di)):string"},
      {"text", "text=+0(%dx):string"},
      {"text:x64", "text_x64=%dx:x64"},
      {"text:mac", "text_mac=+0(%dx):x8[6]"},
      {"f->inode->ino@user", "ino=+u8(+u8(%di)):x64"},
      {"p.x", "x=%cx:s32"},
      {"p.y", "y=%cx:b32@32/64"},
      {"sum->ino", "ino=+128(%bx):x64"},
      {"+8(f->inode):u32", "+8(+8(%di)):u32"},
      {"f->next f->inode->next", "next=+80(%di):x64 next_2=+16(+8(%di)):x64"},
  }};
  for (const auto& [text, expected] : table)
    CHECK_MESSAGE(world.lower_text("read " + std::string(text)) == expected, text);
}

TEST_CASE("a struct is fetched whole, member by member") {
  World world;
  CHECK(world.lower_text("read *f") ==
        "f_inode=+8(%di):x64 f_label=+16(%di):string f_numbers=+32(%di):x64[3] f_whole=+56(%di):x64 "
        "f_daddr=+56(%di):x32 f_flag=+64(%di):b3@5/32 f_raw=+72(%di):x64 f_next=+80(%di):x64 f_inner_ino=+96(%di):x64 "
        "f_inner_next=+104(%di):x64");
  CHECK(world.lower_text("read f->inner") == "inner_ino=+96(%di):x64 inner_next=+104(%di):x64");
  CHECK(world.lower_text("read p") == "p_x=%cx:s32 p_y=%cx:b32@32/64");
  CHECK(world.lower_text("read q=p p count") ==
        "q_x=%cx:s32 q_y=%cx:b32@32/64 p_x=%cx:s32 p_y=%cx:b32@32/64 count=%si:x64");
  CHECK(world.lower_text("read p p") == "p_x=%cx:s32 p_y=%cx:b32@32/64 p_x_2=%cx:s32 p_y_2=%cx:b32@32/64");
  CHECK(world.lower_text("read p:x64") == "p_x64=%cx:x64");
}

TEST_CASE("a member's field has a name that the kernel takes") {
  CHECK(member_field_name("file", "f_path.dentry") == "file_f_path_dentry");
  CHECK(member_field_name("", "a.b") == "a_b");
  CHECK(member_field_name("a_name_of_its_own", "with.more_than.thirty_two_characters") ==
        "more_than_thirty_two_characters");
}

TEST_CASE("C's own forms become fetch-args") {
  World world;
  static constexpr std::array<std::array<std::string_view, 2>, 37> table{{
      {"(f)->next", "next=+80(%di):x64"},
      {"((struct inode *)f)->ino", "ino=+8(%di):x64"},
      {"(struct inode *)f", "f=%di:x64"},
      {"((struct inode *)%r9)->ino", "ino=+8(%r9):x64"},
      {"((struct inode *)f->next)->ino", "ino=+8(+80(%di)):x64"},
      {"(int)count", "count=%si:s32"},
      {"(int)f->next", "next=+80(%di):s32"},
      {"(__be32)f->next", "next=+80(%di):x32"},
      {"(unsigned long)f", "f=%di:x64"},
      {"(char *)f->raw", "raw=+0(+72(%di)):string"},
      {"(struct inode *)f->label", "error"},
      {"((struct inode *)f->label)->ino", "ino=+24(%di):x64"},
      {"((struct inode *)(void *)count)->ino", "ino=+8(%si):x64"},
      {"((struct inode **)f)[1]->ino", "ino=+8(+8(%di)):x64"},
      {"*f->raw", "raw=+0(+72(%di)):x8"},
      {"(*f).next", "next=+80(%di):x64"},
      {"**(char **)f", "f=+0(+0(%di)):s8"},
      {"(&f->inner)->ino", "ino=+96(%di):x64"},
      {"&f->inner", "error"},
      {"&(*f)", "f=%di:x64"},
      {"&f->inode->ino", "error"},
      {"(&table)->next", "next=@table+80:x64"},
      {"(&table.inner)->ino", "ino=@table+96:x64"},
      {"&table", "error"},
      {"((struct inode *)hidden)->ino", "ino=+8(%r8):x64"},
      {"sizeof(*(struct inode *)hidden)", "\\32"},
      {"sizeof(struct inode)", "\\32"},
      {"sizeof(unsigned long)", "\\8"},
      {"sizeof(char *)", "\\8"},
      {"n=sizeof(*f):u32", "n=\\128:u32"},
      {"sizeof(__be32)", "\\4"},
      {"STATE_UP", "STATE_UP=\\3"},
      {"x=STATE_DOWN:s32", "x=\\-1:s32"},
      {"STATE_DOWN", "STATE_DOWN=\\-1:s64"},
      {"x=0x10", "x=\\16"},
      {"container_of(f->inode, struct file, inner.ino)->next", "next=-16(+8(%di)):x64"},
      {"container_of(%di, struct file, next)->inode", "inode=-72(%di):x64"},
  }};
  for (const auto& [text, expected] : table) {
    const std::string seen = world.lower_text("read " + std::string(text));
    if (expected == "error")
      CHECK_MESSAGE(seen.starts_with("error: its address is computed here and cannot be fetched as a value\n"), text);
    else
      CHECK_MESSAGE(seen == expected, text);
  }
  CHECK(world.lower_text("read count") == "count=%si:x64");  // and not the enumerator
  CHECK(world.lower_text("read%return x=STATE_UP") == "x=\\3");
  CHECK(world.lower_text("read%return ((struct file *)$retval)->next") == "next=+80($retval):x64");
}

TEST_CASE("C's own forms that a fetch-arg cannot say") {
  World world;
  static constexpr std::array<std::array<std::string_view, 2>, 16> table{{
      {"(struct inod *)f", "there is no type 'struct inod' in this debug information"},
      {"(inode *)f", "there is no type 'inode' in this debug information"},
      {"(struct inode)f", "a value cannot be cast to 'struct inode'"},
      {"(void)f", "a value cannot be cast to 'void'"},
      {"(int)f->inner", "'f->inner' is 'struct inode', which cannot be cast"},
      {"(int)f->flag", "'f->flag' is a part of a word, which cannot be cast"},
      {"(unsigned long)f->daddr", "'__be32' has 4 bytes and 'unsigned long' has 8: a fetch-arg cannot widen a value"},
      {"*count", "'unsigned long' is not a pointer or an array"},
      {"&count", "'count' is not in memory here and has no address"},
      {"&f->flag", "'f->flag' is a bitfield and has no address"},
      {"sizeof(%di)", "the type of this is not known, so it has no size"},
      {"sizeof(f->flag)", "a bitfield has no size in bytes"},
      {"sizeof(void)", "the size of 'void' is not known"},
      {"container_of(count, struct file, next)", "'count' is 'unsigned long', not a pointer"},
      {"container_of(f, int, next)", "'int' is not a struct or union"},
      {"container_of(f, struct file, inner.ink)->next", "'struct inode' has no member 'ink'"},
  }};
  for (const auto& [text, expected] : table) {
    const std::string seen = world.lower_text("read " + std::string(text));
    CHECK_MESSAGE(seen.substr(0, seen.find('\n')) == "error: " + std::string(expected), text);
  }
  CHECK(world.lower_text("read (inode *)f")
            .ends_with("  argument 1: (inode *)f\n"
                       "               ^^^^^\n"
                       "hint: did you mean 'struct inode'?\n"));
  CHECK(world.lower_text("read%return count").starts_with("error: 'count' is not known when the function returns\n"));
}

TEST_CASE("parameters at the return, where the kernel keeps them") {
  World world;
  world.target.ways = [] { return Ways{.arguments_at_return = true}; };
  CHECK(world.lower_text("read%return count f->inode->ino") == "count=$arg2:x64 ino=+8(+8($arg1)):x64");
  CHECK(world.lower_text("read%return sum").starts_with("error: there is no variable 'sum' here\n"));
  world.target.ways = [] { return Ways{}; };
  CHECK(world.lower_text("read%return $arg1").starts_with("error: '$arg1' is not known when the function returns\n"));
}

TEST_CASE("fprobes read parameters") {
  World world;
  world.target.by_function_probes = true;
  CHECK(world.lower_text("read count").starts_with("error: a function probe is at the entry or the return"));
}

TEST_CASE("return values have types and members") {
  World world;
  CHECK(world.lower_text("read%return $retval") == "$retval");
  CHECK(world.lower_text("read%return $retval->ino") == "ino=+8($retval):x64");
}

TEST_CASE("what cannot be read says why") {
  World world;
  CHECK(world.lower_text("read gone") ==
        "error: 'gone' cannot be read at read:0x1000: it is optimised out\n"
        "  argument 1: gone\n"
        "              ^^^^\n");
  CHECK(world.lower_text("read sum") ==
        "error: 'sum' is computed there, as %bx+120, and a fetch-arg does not add\n"
        "  argument 1: sum\n"
        "              ^^^\n"
        "hint: read a member through it: sum->ino\n");
  CHECK(world.lower_text("read *f:string") ==
        "error: 'struct file' is not a string\n"
        "  argument 1: *f:string\n"
        "                 ^^^^^^\n"
        "hint: a string is a char pointer or a char array\n");
  CHECK(world.lower_text("read f->numbers[-1]") ==
        "error: 'unsigned long [3]' begins at element 0\n"
        "  argument 1: f->numbers[-1]\n"
        "                        ^^^^\n");
  CHECK(world.lower_text("read f->label:ip9") ==
        "error: there is no type 'ip9'\n"
        "  argument 1: f->label:ip9\n"
        "                       ^^^\n"
        "hint: did you mean 'ip4' or 'ip6'?\n");
}

TEST_CASE("a symbol that the kernel does not know is refused where it stands") {
  World world;
  CHECK(world.lower_text("read @jiffies+8") == "@jiffies+8");
  world.target.knows_symbol = [](const std::string& symbol) { return symbol == "jiffies"; };
  CHECK(world.lower_text("read @jiffies+8") == "@jiffies+8");
  CHECK(world.lower_text("read count n=+8(@jiffiez+16):u32") ==
        "error: there is no symbol 'jiffiez' in the kernel\n"
        "  argument 2: n=+8(@jiffiez+16):u32\n"
        "                   ^^^^^^^^\n");
}

TEST_CASE("an index behind the declared end is done, with a warning") {
  World world;
  const auto request = expr::parse_request("read f->numbers[5]");
  REQUIRE(request);
  const auto outcome = lower(*request, world.target);
  REQUIRE(outcome);
  const path::Plan& plan = outcome->plans.front();
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0].what == "'unsigned long [3]' has the elements 0 to 2");
}

TEST_CASE("display types come from names and from the user") {
  World world;
  const auto display = [&](const std::string& text) {
    const auto outcome = lower(*expr::parse_request("read " + text), world.target);
    REQUIRE(outcome);
    return outcome->plans[0].points[0].fields[0].display;
  };
  CHECK(display("f->daddr") == path::Display::ip4);
  CHECK(display("count:port") == path::Display::port);
  CHECK(display("count") == path::Display::decimal);
  CHECK(display("f->whole") == path::Display::none);
}

TEST_CASE("events and groups are named as perf names them") {
  World world;
  const auto name = [](std::string_view text) { return default_event(*expr::parse_point(text), {}); };
  CHECK(name("finish_task_switch.isra.0") == "finish_task_switch");
  CHECK(name("read%return") == "read__return");
  CHECK(name("ev=read%return") == "ev__return");
  CHECK(name("0x10") == "abs_10");
  CHECK(default_group(world.target) == "probe");
  world.target.kind = Target::Kind::user;
  world.target.object = "/usr/lib/libc.so.6";
  CHECK(default_group(world.target) == "probe_libc");
}

TEST_CASE("type texts") {
  CHECK(parse_type_spec("b3@4/32")->read ==
        path::Read{.form = path::Form::bitfield, .bits = 32, .bitfield_width = 3, .bitfield_offset = 4});
  CHECK(parse_type_spec("u8[4]")->read == path::Read{.form = path::Form::unsigned_, .bits = 8, .count = 4});
  CHECK(parse_type_spec("x")->size_from_type);
  CHECK(!parse_type_spec("u8[]"));
  CHECK(!parse_type_spec("ip4[2]"));
  CHECK(!parse_type_spec("b0@0/8"));
}

}  // namespace dtp::lower
