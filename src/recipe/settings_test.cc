#include "recipe/settings.h"

#include <doctest/doctest.h>

#include "base/caret.h"

namespace dtp::recipe {
namespace {

Recipe recipe_with(std::vector<Parameter> parameters) {
  Recipe recipe{.name = "reads"};
  recipe.parameters = std::move(parameters);
  return recipe;
}

const Recipe recipe = recipe_with({{.name = "min", .type = Type::bytes, .value = "0", .least = "0", .most = "1G"},
                                   {.name = "over", .type = Type::duration, .value = "10ms"},
                                   {.name = "comm", .type = Type::glob},
                                   {.name = "to", .type = Type::ip},
                                   {.name = "all", .type = Type::boolean, .value = "no"},
                                   {.name = "kind", .type = Type::word, .value = "a", .choices = {"a", "b"}},
                                   {.name = "bash", .type = Type::file, .value = "/bin/bash"}});

Settings settings_of(const std::vector<std::string>& words) {
  auto settings = Settings::create(recipe, words);
  REQUIRE(settings);
  return *settings;
}

std::string errors_of(const Recipe& wanted, const std::vector<std::string>& words) {
  const auto settings = Settings::create(wanted, words);
  return settings ? "" : base::format_error(settings.error(), false);
}

}  // namespace

TEST_CASE("what is put in is of the type") {
  const Settings settings = settings_of({"min=4K", "comm=ba*", "over=2s"});
  CHECK(settings.fill("${min} ${comm} ${over} ${bash} ${kind}") == "4096 \"ba*\" 2000000000 /bin/bash a");
  CHECK(settings.fill("$retval ${unknown}x {a}") == "$retval x {a}");
  CHECK(settings.fill("${min") == "${min");
}

TEST_CASE("a filter keeps what is set") {
  constexpr const char* filter = "asked >= ${min} && comm ~ ${comm} && (a == ${to} || b == 1 && c == 2) && f ~ \"&&\"";
  CHECK(settings_of({}).fill_filter(filter) == "asked >= 0 && f ~ \"&&\"");
  CHECK(settings_of({"to=10.0.0.1", "comm=x"}).fill_filter(filter) ==
        "asked >= 0 && comm ~ \"x\" && (a == 10.0.0.1 || b == 1 && c == 2) && f ~ \"&&\"");
  CHECK(settings_of({}).fill_filter("comm ~ ${comm}").empty());
  CHECK(settings_of({}).fill_filter("").empty());
}

TEST_CASE("addresses are compared by the kernel as far as it can") {
  constexpr const char* condition = "size > 1 && peer == ${to}";
  CHECK(settings_of({"to=10.0.0.1"}).fill_filter(condition) == "size > 1 && peer == 10.0.0.1");
  CHECK(settings_of({"to=10.0.0.1"}).fill_where(condition) == "size > 1 && peer == \"10.0.0.1\"");
  CHECK(settings_of({"to=FE80:0::1"}).fill_filter(condition) == "size > 1");
  CHECK(settings_of({"to=FE80:0::1"}).fill_where(condition) == "size > 1 && peer == \"fe80::1\"");
}

TEST_CASE("a truth is set or not") {
  CHECK(!settings_of({}).is_set("all"));
  CHECK(settings_of({"all=yes"}).is_set("all"));
  CHECK(!settings_of({}).is_set("comm"));
}

TEST_CASE("wrong parameters are told all at once") {
  CHECK(errors_of(recipe, {"min=much", "mim=1", "min=2G", "kind=c", "loose", "to=1.2.3"}) ==
        R"(error: 'min' takes a size such as 100, 64K, 10M
  parameter: min=much
                 ^^^^
error: 'reads' has no parameter 'mim'
  parameter: mim=1
             ^^^
hint: did you mean 'min'?
error: 'min' is at most 1G
  parameter: min=2G
                 ^^
error: 'kind' takes one of its words
  parameter: kind=c
                  ^
hint: there are: a, b
error: a parameter is NAME=VALUE
  parameter: loose
             ^^^^^
hint: a command to run follows after '--'
error: 'to' takes an address such as 10.0.0.1 or ::1
  parameter: to=1.2.3
                ^^^^^
)");
  CHECK(errors_of(recipe, {"comm=a\"b"}) ==
        "error: 'comm' takes a pattern\n  parameter: comm=a\"b\n                  ^^^\n");
}

TEST_CASE("the name of a function is put in as it is") {
  const Recipe one = recipe_with({{.name = "at", .type = Type::function, .help = "where"}});
  CHECK(Settings::create(one, {"at=vfs_*"})->fill("${at}%return") == "vfs_*%return");
  CHECK(errors_of(one, {"at=vfs_read count"}) ==
        "error: 'at' takes the name of a function\n  parameter: at=vfs_read count\n                ^^^^^^^^^^^^^^\n");
}

TEST_CASE("a probe is put in as it is") {
  const Recipe one = recipe_with({{.name = "from", .type = Type::probe, .help = "where"}});
  CHECK(Settings::create(one, {"from=vfs_read+4 n=count"})->fill("${from}") == "vfs_read+4 n=count");
  CHECK(errors_of(one, {"from="}) ==
        "error: 'from' takes what is probed, as on the command line\n  parameter: from=\n                  ^\n");
}

TEST_CASE("any of several conditions") {
  CHECK(settings_of({}).fill_any({"asked >= ${min} && x ~ ${comm}", "a == ${to}"}) == "asked >= 0");
  CHECK(settings_of({"to=10.0.0.1"}).fill_any({"asked >= ${min}", "a == ${to}"}) == "asked >= 0 || a == \"10.0.0.1\"");
  CHECK(settings_of({}).fill_any({"a == ${to}"}).empty());
  CHECK(settings_of({}).fill_any({}).empty());
}

TEST_CASE("decimals are hundredths") {
  const Recipe one = recipe_with({{.name = "load", .type = Type::decimal, .least = "0.5", .most = "1000"}});
  for (const auto& [text, value] :
       {std::pair("load=1", "100"), std::pair("load=2.5", "250"), std::pair("load=12.05", "1205"),
        std::pair("load=1000.00", "100000"), std::pair("load=0.50", "50")})
    CHECK(Settings::create(one, {text})->fill("${load}") == value);
  for (const char* text : {"load=", "load=.", "load=1.", "load=.5", "load=1.234", "load=-1", "load=1.x", "load=1,5"})
    CHECK_MESSAGE(errors_of(one, {text}).starts_with("error: 'load' takes a number such as 2, 1.25\n"), text);
  CHECK(errors_of(one, {"load=0.49"}) ==
        "error: 'load' is at least 0.5\n  parameter: load=0.49\n                  ^^^^\n");
}

TEST_CASE("what must be given") {
  const Recipe needy = recipe_with({{.name = "to", .type = Type::ip, .help = "the peer", .is_required = true}});
  CHECK(errors_of(needy, {}) ==
        "error: 'reads' needs to know 'to': the peer\nhint: say to=an address such as 10.0.0.1 or ::1\n");
  CHECK(errors_of(needy, {"to=10.0.0.1"}).empty());
}

}  // namespace dtp::recipe
