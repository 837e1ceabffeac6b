#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/caret.h"
#include "recipe/catalog.h"
#include "recipe/recipe.h"

namespace dtp::recipe {
namespace {

constexpr std::string_view head = R"~(name = "reads"
question = "Who reads?"
group = "files"
cost = "little"
)~";

std::string errors_of(const std::string& text) {
  const auto recipe = parse(text, "reads.toml");
  return recipe ? "" : base::format_error(recipe.error(), false);
}

}  // namespace

TEST_CASE("each recipe of the catalog says what people want to know") {
  for (const auto& [name, text] : built_in()) {
    CAPTURE(name);
    const auto recipe = load({std::string(name), "built in", std::string(text)});
    REQUIRE(recipe);
    CHECK(recipe->question.ends_with('?'));
    CHECK(!recipe->description.empty());
    CHECK(!recipe->cost.empty());
    CHECK(recipe->example.starts_with(fmt::format("$ dtrace++ recipe run {}", name)));
    CHECK(std::ranges::count(recipe->example, '\n') <= 32);
  }
}

TEST_CASE("a recipe") {
  const auto recipe = parse(std::string(head) + R"~(columns = [
  { value = "comm" },
  { name = "bytes", value = "sum(asked)", show = "bytes", title = "BYTES", width = 12 },
  { name = "state", value = "last(state)", names = { 0 = "running", 0x10 = "dead" } },
]
sort = "-bytes"
top = 5
histogram = "asked"
stacks = true
machine = true
where = "latency > ${min}"

[parameters.zone]
type = "word"
choices = ["a", "b"]
help = "where"

[parameters.min]
type = "bytes"
default = "4K"
least = "1"
most = "1G"
help = "how much"

[[probe]]
name = "begin"
try = [{ probe = "vfs_read count", kernel = "6.1.*" }, { probe = "main", program = "/bin/true", if = "min" }]
filter = "count >= ${min}"
optional = true

[[probe]]
name = "end"
probe = "vfs_read%return"

[pair]
from = "begin"
to = "end"
by = ["a", "b=c"]
end = ["stack"]
)~",
                            "reads.toml");
  REQUIRE(recipe);
  REQUIRE(recipe->answer.columns.size() == 3);
  const auto& bytes = recipe->answer.columns[1];
  CHECK(bytes.aggregate == report::Aggregate::sum);
  CHECK(bytes.of == "asked");
  CHECK(bytes.show.as == report::Show::As::size);
  CHECK(bytes.title == "BYTES");
  CHECK(bytes.width == 12);
  const auto& state = recipe->answer.columns[2].show;
  CHECK(state.names == std::vector<std::pair<std::uint64_t, std::string>>{{0, "running"}, {16, "dead"}});
  CHECK(recipe->answer.sort == "bytes");
  CHECK(recipe->answer.descending);
  CHECK(recipe->answer.top == 5);
  CHECK(recipe->answer.histogram == "asked");
  CHECK(recipe->with_stacks);
  CHECK(recipe->is_of_machine);
  // As they stand in the file, not by name.
  REQUIRE(recipe->parameters.size() == 2);
  CHECK(recipe->parameters[0].name == "zone");
  CHECK(!recipe->parameters[0].value);
  CHECK(recipe->parameters[1].value == "4K");
  REQUIRE(recipe->probes.size() == 2);
  REQUIRE(recipe->probes[0].attempts.size() == 2);
  CHECK(recipe->probes[0].attempts[0].kernel == "6.1.*");
  CHECK(recipe->probes[0].attempts[1].program == "/bin/true");
  CHECK(recipe->probes[0].attempts[1].only == "min");
  CHECK(recipe->probes[0].is_optional);
  CHECK(recipe->probes[1].attempts[0].probe == "vfs_read%return");
  REQUIRE(recipe->pairing);
  CHECK(recipe->pairing->by[1].first == "b");
  CHECK(recipe->pairing->by[1].second == "c");
  CHECK(recipe->pairing->end == std::vector<std::string>{"stack"});
}

TEST_CASE("what is wrong with a recipe is told with its place") {
  CHECK(errors_of("name = \"reads\"\nquestion = oh\n") ==
        "error: could not determine value type\n"
        "  reads.toml:2: question = oh\n"
        "                           ^^\n");
  CHECK(errors_of(std::string(head) + R"~(columns = [{ value = "summ(x)" }]
probee = 1
[[probe]]
name = "a"
probe = "vfs_read"
[[probe]]
name = "a"
probe = "vfs_write"
)~") == R"~(error: there is no 'summ()'
  reads.toml:5: columns = [{ value = "summ(x)" }]
                                     ^^^^^^^^^
hint: there are: count, sum, mean, min, max, p50, p90, p99, last, often
error: a recipe has no 'probee' here
  reads.toml:6: probee = 1
                ^^^^^^
hint: did you mean 'probe'?
error: there are two probes 'a'
  reads.toml:10: [[probe]]
                 ^^^^^^^^^
)~");
}

TEST_CASE("a probe that ends elsewhere is a phase") {
  const std::string text = std::string(head) + R"~(columns = [{ value = "phases" }]
[[probe]]
name = "query"
probe = "vfs_read"
[[probe]]
name = "sort"
try = [{ probe = "one", until = "one%return" }, { probe = "two", until = "three" }]
optional = true
)~";
  const auto recipe = parse(text + "[pair]\nfrom = \"query\"\nto = \"query\"\n", "reads.toml");
  REQUIRE(recipe);
  CHECK(recipe->answer.columns[0].show.as == report::Show::As::phases);
  REQUIRE(recipe->probes.size() == 3);
  const Probe& end = recipe->probes[2];
  CHECK(end.name == "sort, its end");
  CHECK(end.ends_phase);
  CHECK(end.is_optional);
  CHECK(end.attempts[0].probe == "one%return");
  CHECK(end.attempts[1].probe == "three");
  CHECK(recipe->probes[1].attempts[1].probe == "two");
  for (const Probe* probe : {&end, &recipe->probes[1]}) CHECK(probe->phase == "sort");
  CHECK(errors_of(text) ==
        "error: 'until' makes phases of what is between 'from' and 'to' of a [pair] by thread\n"
        "  reads.toml:6: [[probe]]\n"
        "                ^^^^^^^^^\n");
}

TEST_CASE("stacks are walked by frame pointers, or copied") {
  const auto recipe = [](std::string_view stacks) {
    return fmt::format("{}columns = [{{ value = \"stack\" }}]\nstacks = {}\n[[probe]]\nname = \"a\"\nprobe = \"b\"\n",
                       head, stacks);
  };
  for (const auto& [text, has, unwinds] :
       {std::tuple("true", true, false), {"false", false, false}, {"\"dwarf\"", true, true}}) {
    const auto parsed = parse(recipe(text), "reads.toml");
    REQUIRE(parsed);
    CHECK(parsed->with_stacks == has);
    CHECK(parsed->unwinds == unwinds);
  }
  CHECK(errors_of(recipe("\"lbr\"")) ==
        "error: 'stacks' takes true, false, \"dwarf\" or a list of probes\n"
        "  reads.toml:6: stacks = \"lbr\"\n"
        "                         ^^^^^\n");
}

TEST_CASE("columns that are computed are of those before them") {
  const auto columns = [](std::string_view columns) {
    return std::string(head) + std::string(columns) + "\n[[probe]]\nname = \"a\"\nprobe = \"vfs_read\"\n";
  };
  CHECK(errors_of(columns(R"~(columns = [{ value = "count()" }, { name = "half", computed = "count / 2" }])~")) == "");
  CHECK(errors_of(columns(R"~(columns = [{ name = "half", computed = "count / 2" }, { value = "count()" }])~")) ==
        "error: there is no column 'count' before this one\n"
        "  reads.toml:5: columns = [{ name = \"half\", computed = \"count / 2\" }, { value = \"count()\" }]\n"
        "                                                       ^^^^^^^^^^^\n");
}

TEST_CASE("a recipe that polls") {
  constexpr std::string_view columns = "columns = [{ value = \"count()\" }]\n";
  const auto polling = parse(std::string(head) + "plot = [\"count\"]\n" + std::string(columns) + R"~(
[[probe]]
name = "load"
poll = "${poll}"
over = ["load1 > ${load} && running > 5", "blocked > 1"]
rest = "10s"
)~",
                             "reads.toml");
  REQUIRE(polling);
  REQUIRE(polling->poll);
  CHECK(polling->probes.empty());
  CHECK(polling->poll->every == "${poll}");
  CHECK(polling->poll->over == std::vector<std::string>{"load1 > ${load} && running > 5", "blocked > 1"});
  CHECK(polling->poll->rest == "10s");
  CHECK(polling->plot == std::vector<std::string>{"count"});
  CHECK(errors_of(std::string(head) + "plot = [\"other\"]\n" + std::string(columns) + R"~(
[[probe]]
name = "load"
poll = "soon"
over = ["load1 >"]
[[probe]]
name = "read"
probe = "vfs_read"
)~") == R"~(error: there is no column 'other'
  reads.toml:5: plot = ["other"]
                       ^^^^^^^^^
error: 'rest' is missing
  reads.toml:8: [[probe]]
                ^^^^^^^^^
error: a recipe that polls has no other probes
  reads.toml:10: poll = "soon"
                        ^^^^^^
error: 'poll' takes a time such as 10ms, 2s
  reads.toml:10: poll = "soon"
                        ^^^^^^
error: a name, a number or a text is missing
  reads.toml:11: over = ["load1 >"]
                        ^^^^^^^^^^^
)~");
  CHECK(errors_of(std::string(head) + "plot = [\"count\"]\n" + std::string(columns) +
                  "[[probe]]\nname = \"a\"\nprobe = \"vfs_read\"\n") ==
        "error: a trend is of what is polled, which is nothing here\n"
        "  reads.toml:5: plot = [\"count\"]\n"
        "                       ^^^^^^^^^\n");
}

TEST_CASE("a recipe of runs") {
  constexpr std::string_view probes =
      "columns = [{ value = \"since\" }]\n"
      "[[probe]]\nname = \"begin\"\nprobe = \"a\"\n[[probe]]\nname = \"end\"\nprobe = \"b\"\n";
  const auto runs = parse(std::string(head) + "stacks = [\"end\"]\n" + std::string(probes) +
                              "[run]\nfrom = \"begin\"\nto = [\"end\"]\nof = [\"tid\", \"next\"]\nover = \"${over}\"\n",
                          "reads.toml");
  REQUIRE(runs);
  REQUIRE(runs->run);
  CHECK(runs->run->from == std::vector<std::string>{"begin"});
  CHECK(runs->run->to == std::vector<std::string>{"end"});
  CHECK(runs->run->of == std::vector<std::string>{"tid", "next"});
  CHECK(runs->run->over == "${over}");
  CHECK(runs->with_stacks);
  CHECK(runs->stacks_of == std::vector<std::string>{"end"});
  CHECK(errors_of(std::string(head) + "stacks = [\"middle\"]\n" + std::string(probes) +
                  "[run]\nfrom = \"start\"\nto = \"end\"\nover = \"long\"\n[pair]\nfrom = \"begin\"\nto = \"end\"\n") ==
        R"~(error: there is no probe 'middle'
  reads.toml:5: stacks = ["middle"]
                         ^^^^^^^^^^
error: hits are of a 'pair' or of a 'run', not of both
  reads.toml:13: [run]
                 ^^^^^
error: there is no probe 'start'
  reads.toml:14: from = "start"
                        ^^^^^^^
error: 'over' takes a time such as 10ms, 2s
  reads.toml:16: over = "long"
                        ^^^^^^
)~");
}

TEST_CASE("every recipe of the catalog is well formed and tells what it costs") {
  CHECK(!built_in().empty());
  for (const auto& [name, text] : built_in()) {
    CAPTURE(name);
    const auto recipe = load({std::string(name), "built in", std::string(text)});
    REQUIRE_MESSAGE(recipe, (recipe ? "" : base::format_error(recipe.error(), false)));
    CHECK(recipe->question.ends_with('?'));
    CHECK(!recipe->description.empty());
    CHECK(!recipe->cost.empty());
  }
}

}  // namespace dtp::recipe
