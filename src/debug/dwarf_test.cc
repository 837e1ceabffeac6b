#include <doctest/doctest.h>

#include <algorithm>

#include "base/caret.h"
#include "debug/dwarf_units.h"
#include "debug/find.h"
#include "debug/info.h"
#include "type/query.h"

namespace dtp::debug {
namespace {

const std::string programs = DTP_FIXTURES "/programs/";

struct Program {
  explicit Program(const std::string& name) : binary(*open_binary(programs + name)), info(*open_dwarf(binary)) {}
  std::shared_ptr<const Binary> binary;
  std::unique_ptr<Info> info;
};

std::optional<Variable> find(Program& program, const Instance& instance, const std::string& name) {
  for (Variable& variable : program.info->find_variables(instance, instance.address))
    if (variable.name == name) return variable;
  return std::nullopt;
}

}  // namespace

TEST_CASE("functions, parameters and their registers") {
  Program program("ul_c");
  const auto instances = program.info->find_functions("walk");
  REQUIRE(instances);
  REQUIRE(instances->size() == 1);
  const Instance& walk = instances->front();
  CHECK(walk.address == 0x1680);
  CHECK(!walk.is_inlined);
  CHECK(walk.file.ends_with("ul_c.c"));
  const auto node = find(program, walk, "n");
  REQUIRE(node);
  CHECK(node->role == Role::parameter);
  CHECK(type::declare(program.info->types(), node->type) == "struct node *");
  const Whereabouts where = program.info->locate(walk, walk.address, *node);
  REQUIRE(std::holds_alternative<Location>(where));
  CHECK(std::get<Location>(where).base == path::Base(path::Register{5}));
}

TEST_CASE("static functions of one name in two files are both found") {
  Program program("ul_c");
  const auto instances = program.info->find_functions("dup_static");
  REQUIRE(instances);
  REQUIRE(instances->size() == 2);
  CHECK((*instances)[0].file != (*instances)[1].file);
}

TEST_CASE("inlined functions are found where they were inlined") {
  Program program("ul_c");
  const auto instances = program.info->find_functions("sum_node");
  REQUIRE(instances);
  REQUIRE(!instances->empty());
  CHECK(std::ranges::all_of(*instances, &Instance::is_inlined));
}

TEST_CASE("members, bitfields, nested and anonymous aggregates") {
  Program program("ul_c");
  const Instance walk = program.info->find_functions("walk")->front();
  type::Table& types = program.info->types();
  const type::Id node = types.at(type::strip(types, find(program, walk, "n")->type)).target;
  const auto member = [&](std::string_view name) {
    return type::find_member(types, node, name).value_or(type::FoundMember{});
  };
  CHECK(member("name").bit_offset == 16 * 8);
  CHECK(member("lo16").bit_offset == member("ival").bit_offset);
  CHECK(type::declare(types, member("grid").type) == "int [3][5]");
  CHECK(type::size_of(types, member("grid").type) == 60);
  const auto bits = type::find_member(types, member("b").type, "mid");
  REQUIRE(bits);
  CHECK(bits->bit_offset == 3);
  CHECK(bits->bit_size == 7);
  CHECK(types.at(type::strip(types, member("op").type)).kind == type::Kind::pointer);
}

TEST_CASE("types and enumerators are found by name") {
  for (const char* name : {"ul_c", "ul_c_clang"}) {
    Program program(name);
    const auto declared = [&](std::string_view c_name) {
      const auto id = program.info->find_type(c_name);
      return id ? type::declare(program.info->types(), *id) : "none";
    };
    CHECK(declared("struct node") == "struct node");
    CHECK(declared("enum color") == "enum color");
    CHECK(declared("uint32_t") == "uint32_t");
    CHECK(declared("unsigned int") == "unsigned int");
    CHECK(declared("node") == "none");
    CHECK(declared("union node") == "none");
    CHECK(program.info->find_enumerator("GREEN") == 5);
    CHECK(program.info->find_enumerator("BLUE") == -3);
    CHECK(program.info->find_enumerator("BIG_B") == 0x100000000);
    CHECK(!program.info->find_enumerator("node"));
  }
  CHECK(Program("ul_cpp").info->find_enumerator("B") == 200);
}

TEST_CASE("units are told by the names in them") {
  Program program("ul_c");
  const auto info = program.binary->file.section(".debug_info");
  const auto strings = program.binary->file.section(".debug_str");
  const auto units_of = [&](std::string_view name) {
    return units_around(unit_offsets(info), places_of(info, string_offsets(strings, name)));
  };
  const std::vector<std::uint64_t> some = units_of("dup_static");
  CHECK(some.size() == 2);
  CHECK(units_of("no_such_name_anywhere").empty());
  const auto unit = unit_at(program.binary->file, 0x1680);
  REQUIRE(unit);
  CHECK(std::ranges::find(some, *unit) != some.end());
  CHECK(!unit_at(program.binary->file, 1));
}

TEST_CASE("symbols by name and by address") {
  const auto binary = *open_binary(programs + "ul_c");
  REQUIRE(binary->symbols.find("walk").size() == 1);
  CHECK(binary->symbols.find_function_at(0x1684)->name == "walk");
  // Two names of one place: the one without underscores, then the longer one.
  CHECK(binary->symbols.find_function_at(0x1920)->name == "real_name");
  CHECK(binary->symbols.find_function_at(0x10) == nullptr);
}

TEST_CASE("a file without debug information says so") {
  const auto binary = open_binary(programs + "ul_c_nodbg");
  REQUIRE(binary);
  CHECK(!has_dwarf((*binary)->file));
  const auto info = open_dwarf(*binary);
  REQUIRE(!info);
  CHECK(info.error().what == "'" + programs + "ul_c_nodbg' has no debug information");
}

TEST_CASE("source lines of a function and of a file") {
  Program program("ul_c");
  CHECK(program.info->has_lines());
  const auto of_function = program.info->find_lines({.function = "loc_changes", .file = "", .lines = {2}});
  REQUIRE(of_function);
  REQUIRE(!of_function->empty());
  const LineInstance& line = of_function->front();
  CHECK(line.instance.function == "loc_changes");
  const auto of_file = program.info->find_lines({.function = "", .file = "ul_c.c", .lines = {line.wanted_line}});
  REQUIRE(of_file);
  REQUIRE(of_file->size() == of_function->size());
  CHECK(of_file->front().instance.address == line.instance.address);
  CHECK(program.info->find_lines({.function = "", .file = "ul_c.c", .lines = {99999}})->empty());
  CHECK(program.info->find_lines({.function = "", .file = "nowhere.c", .lines = {1}})->empty());
}

TEST_CASE("where the prologue ends") {
  Program program("ul_c_O0");
  const Instance walk = program.info->find_functions("by_value")->front();
  CHECK(program.info->body_address(walk) == 0x12c9);
}

}  // namespace dtp::debug
