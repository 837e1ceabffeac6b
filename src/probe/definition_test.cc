#include "probe/definition.h"

#include <doctest/doctest.h>

#include "dtracepp/limits.h"
#include "probe/check.h"

namespace dtp::probe {
namespace {

const arch::Arch& x86 = arch::x86_64();

path::Plan plan_of(path::Field field) {
  return {.group = "probe", .event = "e", .points = {{.site = {.symbol = "f"}, .fields = {std::move(field)}}}};
}

std::string violation_of(path::Field field) {
  const auto found = check_limits(plan_of(std::move(field)), x86);
  return found.empty() ? "" : found.front().what;
}

}  // namespace

TEST_CASE("paths in the kernel's notation") {
  const auto text = [](path::Path path) { return render_path(path, x86).value_or("none"); };
  CHECK(text({path::Register{5}, {{24}, {40}, {0}}}) == "+0(+40(+24(%di)))");
  CHECK(text({path::Register{7}, {{-8, true}}}) == "-u8(%sp)");
  CHECK(text({path::Symbol{"jiffies", 8}, {}}) == "@jiffies+8");
  CHECK(text({path::FileOffset{16}, {}}) == "@+0x10");
  CHECK(text({path::Constant{-5}, {}}) == "\\-5");
  CHECK(text({path::StackSlot{2}, {}}) == "$stack2");
  CHECK(text({path::Register{17}, {}}) == "none");
}

TEST_CASE("a definition is read back as it was rendered") {
  path::Plan plan =
      plan_of({.name = "n", .path = {path::Register{5}, {{0}}}, .read = path::Read{.form = path::Form::string}});
  plan.points[0].fields.push_back({.path = {path::Comm{}, {}}});
  const auto lines = render(plan, x86);
  REQUIRE(lines);
  CHECK(lines->front() == "p:probe/e f+0 n=+0(%di):string $comm");
  const auto read = parse_definition(lines->front());
  REQUIRE(read);
  CHECK(*read == Definition{'p', "probe", "e", "f+0", {{"n", "+0(%di)", "string"}, {"", "$comm", ""}}});
}

TEST_CASE("an event probe") {
  path::Plan plan =
      plan_of({.name = "next", .path = {path::EventField{"next_pid"}, {}}, .read = path::Read{.bits = 32}});
  plan.points[0].site = {.object = "sched", .symbol = "sched_switch", .way = path::Way::event};
  const auto lines = render(plan, x86);
  REQUIRE(lines);
  CHECK(lines->front() == "e:probe/e sched.sched_switch next=$next_pid:x32");
  CHECK(*parse_definition(lines->front()) ==
        Definition{'e', "probe", "e", "sched.sched_switch", {{"next", "$next_pid", "x32"}}});
}

TEST_CASE("probes of tracepoints' arguments and of whole functions") {
  path::Plan plan = plan_of({.name = "prev", .path = {path::Argument{2}, {}}});
  plan.points[0].site = {.symbol = "sched_switch", .way = path::Way::tracepoint};
  CHECK(render(plan, x86)->front() == "t:probe/e sched_switch prev=$arg2");
  plan.points[0].site = {.symbol = "vfs_read", .is_return = true, .way = path::Way::function};
  CHECK(render(plan, x86)->front() == "f:probe/e vfs_read%return prev=$arg2");
  CHECK(parse_definition("t:probe/e sched_switch prev=$arg2")->place == "sched_switch");
}

TEST_CASE("lines of other forms are not definitions") {
  CHECK(!parse_definition(""));
  CHECK(!parse_definition("x:eprobes/x sched.sched_switch"));
  CHECK(!parse_definition("p:noslash f"));
  CHECK(parse_definition("r16:g/e f a=\\\"b:c d\":string\n")->arguments ==
        std::vector<DefinitionArgument>{{"a", "\\\"b:c d\"", "string"}});
}

TEST_CASE("the kernel's limits") {
  CHECK(violation_of({.name = "n", .path = {path::Register{5}, {}}}) == "");
  CHECK(violation_of({.name = "n", .path = {path::Register{5}, std::vector<path::Deref>(15)}}) ==
        "the kernel follows 14 pointers here at the most, this takes 15");
  const std::vector<path::Deref> many(13);
  CHECK(violation_of({.name = "n", .path = {path::Register{5}, many}, .read = path::Read{.count = 2}}) == "");
  CHECK(violation_of({.name = "n", .path = {path::Address{16}, many}}) == "");
  CHECK(violation_of({.name = "n", .path = {path::Address{16}, many}, .read = path::Read{.count = 2}}) ==
        "the kernel follows 12 pointers here at the most, this takes 13");
  CHECK(violation_of({.name = "n", .path = {path::Symbol{"s"}, many}}) ==
        "the kernel follows 12 pointers here at the most, this takes 13");
  CHECK(violation_of({.name = "n", .path = {path::Register{5}, {}}, .read = path::Read{.form = path::Form::string}}) ==
        "a string is read from memory, this is a plain value");
  CHECK(violation_of({.name = "common_pid", .path = {path::Register{5}, {}}}) ==
        "the kernel keeps the name 'common_pid' for itself");
  CHECK(violation_of({.name = "n", .path = {path::Register{5}, {{0}}}, .read = path::Read{.bits = 8, .count = 65}}) ==
        "an array has 1 to 64 elements");
}

TEST_CASE("of whole structs the last members are left out until the kernel takes the rest") {
  const auto plan_with = [](std::size_t members, const std::string& name, path::Read read) {
    path::Plan plan = plan_of({.name = "asked", .path = {path::Register{5}, {}}});
    for (std::size_t i = 0; i < members; ++i)
      plan.points[0].fields.push_back({.name = name + std::to_string(i),
                                       .path = {path::Register{5}, {{8}}},
                                       .read = read,
                                       .is_member_of_whole = true});
    plan.points[0].fields.push_back({.name = "last", .path = {path::Register{4}, {}}});
    plan.points.push_back(plan.points[0]);
    return plan;
  };
  path::Plan small = plan_with(20, "m", {});
  CHECK(leave_out_excess(small, x86).empty());

  path::Plan many = plan_with(130, "m", {});
  const auto left_out = leave_out_excess(many, x86);
  REQUIRE(left_out.size() == 4);
  CHECK(left_out.front().name == "m126");
  for (const path::Point& point : many.points) {
    CHECK(point.fields.size() == limits::most_arguments);
    CHECK(point.fields.back().name == "last");
  }
  CHECK(check_limits(many, x86).empty());

  path::Plan large = plan_with(10, "m", {.bits = 64, .count = 64});
  CHECK(leave_out_excess(large, x86).size() == 5);
  CHECK(check_limits(large, x86).empty());

  path::Plan long_line = plan_with(120, "a_name_of_thirty_characters_", {});
  CHECK(!leave_out_excess(long_line, x86).empty());
  CHECK(check_limits(long_line, x86).empty());
  const std::size_t length = render(long_line, x86)->front().size();
  CHECK(length <= limits::longest_line);
  CHECK(length > limits::longest_line - 50);
}

}  // namespace dtp::probe
