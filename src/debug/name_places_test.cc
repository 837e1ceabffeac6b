#include "debug/name_places.h"

#include <doctest/doctest.h>
#include <dwarf.h>

#include <algorithm>
#include <string>

#include "debug/dwarf_die.h"
#include "debug/dwarf_files.h"
#include "debug/dwarf_units.h"

namespace dtp::debug {
namespace {

struct Program {
  explicit Program(const std::string& name)
      : files(*DwarfFiles::open(*open_binary(DTP_FIXTURES "/programs/" + name), Cache{})) {}

  std::vector<std::uint64_t> units_naming(Named wanted, const std::string& name) const {
    const auto strings = files.file().section(".debug_str");
    const auto offsets = string_offsets(strings, name);
    const bool is_text = name.size() < 4 || strings.empty();
    return debug::units_naming(wanted, info(), files.file().section(".debug_abbrev"), unit_offsets(info()),
                               {is_text ? name : "", offsets});
  }
  std::span<const std::byte> info() const { return files.file().section(".debug_info"); }

  DwarfFiles files;
};

std::optional<Named> kind_of(Dwarf_Die& die) {
  switch (dwarf_tag(&die)) {
    case DW_TAG_variable:
      return has_attribute(die, DW_AT_location) || has_attribute(die, DW_AT_external) ? std::optional(Named::global)
                                                                                      : std::nullopt;
    case DW_TAG_enumerator: return Named::enumerator;
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:
    case DW_TAG_base_type:
    case DW_TAG_typedef: return Named::type;
    default: return std::nullopt;
  }
}

}  // namespace

TEST_CASE("name places: no unit is missed that has a global, an enumerator or a type of the name") {
  for (const char* name : {"ul_c", "ul_c_O0", "ul_c_dw4", "ul_cpp", "ul_rust"}) {
    const Program program(name);
    std::size_t asked = 0, missed = 0;
    for (const std::uint64_t unit : unit_offsets(program.info())) {
      constexpr std::size_t enough = 400;
      auto die = unit_die(program.files.dwarf(), unit);
      REQUIRE(die);
      auto visit = [&](Dwarf_Die& child) {
        const auto kind = kind_of(child);
        const std::string own = name_of(child);
        if (kind && !own.empty() && asked < enough) {
          ++asked;
          missed += !std::ranges::binary_search(program.units_naming(*kind, own), unit);
        }
        return dwarf_tag(&child) == DW_TAG_namespace || dwarf_tag(&child) == DW_TAG_enumeration_type;
      };
      walk(*die, visit);
    }
    CAPTURE(name);
    CHECK(asked > 20);
    CHECK(missed == 0);
  }
}

TEST_CASE("name places: what has the name, but is of another kind") {
  for (const char* name : {"ul_c", "ul_c_O0", "ul_c_dw4"}) {
    const Program program(name);
    CAPTURE(name);
    CHECK(program.units_naming(Named::type, "node").size() == 2);
    CHECK(program.units_naming(Named::global, "node").empty());
    CHECK(program.units_naming(Named::enumerator, "node").empty());
    CHECK(program.units_naming(Named::enumerator, "GREEN").size() == 2);
    CHECK(program.units_naming(Named::global, "GREEN").empty());
    CHECK(program.units_naming(Named::global, "ival").empty());  // a member
    CHECK(program.units_naming(Named::anything, "dup_static").size() == 2);
    CHECK(program.units_naming(Named::anything, "no_such_name_anywhere").empty());
  }
}

TEST_CASE("name places: of a damaged file something is told, within its bounds") {
  const Program program("ul_c_O0");
  const auto info = program.info();
  const auto strings = program.files.file().section(".debug_str");
  const auto section = program.files.file().section(".debug_abbrev");
  const auto offsets = string_offsets(strings, "node");
  const std::vector<std::byte> whole(section.begin(), section.end());
  for (std::size_t size = 0; size < whole.size(); size += 5) {
    const std::vector<std::byte> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(units_naming(Named::type, info, part, unit_offsets(info), {"", offsets}).size() <= unit_offsets(info).size());
  }
  for (std::size_t size = 0; size < info.size(); size += 11) {
    const std::vector<std::byte> part(info.begin(), info.begin() + static_cast<std::ptrdiff_t>(size));
    const auto units = unit_offsets(part);
    CHECK(units_naming(Named::type, part, whole, units, {"i", offsets}).size() <= units.size());
  }
}

}  // namespace dtp::debug
