// The members are private and their names are part of no standard, but of the ABI of each library: libstdc++ and libc++
// keep them, so that old programs go on working. What they are at is looked up in the debug information all the same.
#include "lower/library_class.h"

#include <array>
#include <span>
#include <string_view>

namespace dtp::lower {
namespace {

using type::Kind;

struct Known {
  std::string_view name = {};  // without its namespace and template arguments
  Stands what = Stands::text;
  std::array<std::string_view, 3> members = {};  // the way to the pointer
};

constexpr std::array<Known, 18> known_classes{{
    {"basic_string", Stands::text, {"_M_dataplus", "_M_p"}},
    {"path", Stands::text, {"_M_pathname", "_M_dataplus", "_M_p"}},
    {"unique_ptr", Stands::pointer, {"_M_t", "_M_t", "_M_head_impl"}},
    {"unique_ptr", Stands::pointer, {"_M_t", "_M_head_impl"}},  // before gcc 7
    {"unique_ptr", Stands::pointer, {"__ptr_", "__value_"}},
    {"unique_ptr", Stands::pointer, {"__ptr_"}},  // from LLVM 20
    {"shared_ptr", Stands::pointer, {"_M_ptr"}},
    {"shared_ptr", Stands::pointer, {"__ptr_"}},
    {"__shared_ptr", Stands::pointer, {"_M_ptr"}},
    {"__normal_iterator", Stands::pointer, {"_M_current"}},
    {"vector", Stands::elements, {"_M_impl", "_M_start"}},
    {"vector", Stands::elements, {"__begin_"}},
    {"array", Stands::elements, {"_M_elems"}},
    {"array", Stands::elements, {"__elems_"}},
    {"span", Stands::elements, {"_M_ptr"}},
    {"initializer_list", Stands::elements, {"_M_array"}},
    {"basic_string", Stands::elements, {"_M_dataplus", "_M_p"}},
    {"basic_string_view", Stands::elements, {"_M_str"}},
}};

std::string_view class_name(type::Table& types, type::Id id) {
  const type::Type& type = types.at(type::strip(types, id));
  const bool is_class = type.kind == Kind::class_ || type.kind == Kind::structure;
  const std::string_view name = type.name;
  return is_class ? name.substr(0, name.find('<')) : "";
}

// a.b.c; an empty name ends the way.
std::optional<type::FoundMember> follow(type::Table& types, type::Id id, std::span<const std::string_view> names) {
  type::FoundMember at{.type = id};
  for (const std::string_view name : names) {
    if (name.empty()) break;
    const auto next = type::find_member(types, at.type, name);
    if (!next || next->bit_size != 0) return std::nullopt;
    at = {.type = next->type, .bit_offset = at.bit_offset + next->bit_offset};
  }
  return at;
}

}  // namespace

std::optional<type::FoundMember> find_stand_in(type::Table& types, type::Id id, Stands what) {
  const std::string_view name = class_name(types, id);
  if (name.empty()) return std::nullopt;
  for (const Known& known : known_classes) {
    if (known.what != what || known.name != name) continue;
    const auto found = follow(types, id, known.members);
    if (!found) continue;
    const type::Type& type = types.at(type::strip(types, found->type));
    if (type.kind != Kind::pointer && type.kind != Kind::array) continue;
    const type::Type& target = types.at(type::strip(types, type.target));
    if (what == Stands::text && (target.kind != Kind::character || target.name != "char")) continue;
    return found;
  }
  return std::nullopt;
}

bool is_string_class(type::Table& types, type::Id id) { return class_name(types, id) == "basic_string"; }

std::string two_texts_of(type::Table& types, type::Id id) {
  static constexpr std::array<std::array<std::string_view, 4>, 3> ways{{
      {"__r_", "__value_", "__l", "__data_"},
      {"__rep_", "__l", "__data_"},
      {"__r_", "__l", "__data_"},
  }};
  for (const auto& way : ways)
    if (is_string_class(types, id) && follow(types, id, way))
      return std::string(way[0]) + (way[3].empty() ? "" : "." + std::string(way[1]));
  return "";
}

}  // namespace dtp::lower
