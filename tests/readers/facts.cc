#include "readers/facts.h"

#include <fmt/format.h>

namespace dtp::readers {
namespace {

using type::Kind;

constexpr int most_pointers = 1;          // that are followed
constexpr int deepest_type = 12;          // aggregates within aggregates, typedefs of typedefs
constexpr std::size_t most_lines = 3000;  // of one function

std::string text_of(const debug::Whereabouts& at) {
  if (const auto* missing = std::get_if<debug::Unavailable>(&at))
    return missing->text == somewhere ? std::string(somewhere) : "nowhere";
  const auto& location = std::get<debug::Location>(at);
  if (location.kind == debug::Location::Kind::pieces) return "in pieces";
  if (location.kind == debug::Location::Kind::pointee || !location.derefs.empty()) return std::string(somewhere);
  const bool is_value = location.kind == debug::Location::Kind::value;
  if (const auto* base = std::get_if<path::Register>(&location.base))
    return fmt::format("{} %{}{:+}", is_value ? "in" : "memory", base->number, location.offset);
  if (const auto* base = std::get_if<path::Address>(&location.base); base != nullptr && !is_value)
    return fmt::format("memory {:#x}", base->address + static_cast<std::uint64_t>(location.offset));
  if (const auto* base = std::get_if<path::Constant>(&location.base); base != nullptr && is_value)
    return fmt::format("constant {}", base->value + location.offset);
  return std::string(somewhere);
}

class Types {
 public:
  Types(type::Table& table, Lines& lines) : table_(table), lines_(lines) {}

  void describe(type::Id id, const std::string& path, const std::string& place, int pointers, int depth) {
    if (depth > deepest_type || lines_.size() > most_lines) return;
    const type::Type type = table_.at(id);
    const std::string head = path + ": " + place, name = type.name.empty() ? "" : " " + type.name;
    const std::string size = " " + std::to_string(type.size), sign = type.is_signed ? "signed " : "";
    const auto target = [&](std::string_view suffix, int followed) {
      describe(type.target, path + std::string(suffix), "", pointers + followed, depth + 1);
    };
    switch (type.kind) {
      case Kind::void_: return add(head + "void");
      case Kind::integer: return add(head + sign + "integer" + name + size);
      case Kind::boolean: return add(head + "boolean" + name + size);
      case Kind::character: return add(head + sign + "character" + name + size);
      case Kind::floating: return add(head + "floating" + name + size);
      case Kind::pointer:
      case Kind::reference:
        add(head + (type.kind == Kind::pointer ? "pointer" : "reference") + size);
        return pointers < most_pointers ? target("*", 1) : void();
      case Kind::structure: return aggregate(type, path, head + "structure" + name, pointers, depth);
      case Kind::union_: return aggregate(type, path, head + "union" + name, pointers, depth);
      case Kind::class_: return aggregate(type, path, head + "class" + name, pointers, depth);
      case Kind::enumeration:
        add(head + "enumeration" + name + size);
        for (const type::Enumerator& one : type.enumerators) add(fmt::format("{}.{} = {}", path, one.name, one.value));
        return;
      case Kind::array: {
        add(head + "array " + (type.count ? std::to_string(*type.count) : "?"));
        // An array of several dimensions is one type to a compiler.
        const bool is_inner = table_.at(type.target).kind == Kind::array;
        return describe(type.target, path + "[]", "", pointers, depth + (is_inner ? 0 : 1));
      }
      case Kind::function: return add(head + "function");
      case Kind::typedef_: add(head + "typedef" + name); return target("", 0);
      case Kind::qualifier: add(head + "qualified"); return target("", 0);
      case Kind::unknown: return add(head + "unknown" + name);
    }
  }

 private:
  void add(std::string line) { lines_.push_back(std::move(line)); }

  void aggregate(const type::Type& type, const std::string& path, const std::string& head, int pointers, int depth) {
    add(head + (type.is_declaration ? " declared" : "") + " " + std::to_string(type.size));
    for (const type::Member& member : type.members) {
      std::string place = member.is_virtual ? "virtual " : fmt::format("@{} ", member.bit_offset);
      if (member.bit_size > 0) place = fmt::format("@{}:{} ", member.bit_offset, member.bit_size);
      describe(member.type, path + "." + member.name, place, pointers, depth + 1);
    }
  }

  type::Table& table_;
  Lines& lines_;
};

}  // namespace

Lines describe(debug::Info& info, std::uint64_t entry) {
  const auto functions = info.find_function_at(entry);
  if (!functions || functions->size() != 1) return {};
  const debug::Instance& function = functions->front();
  Lines lines{fmt::format("function {} {:#x}..{:#x}", function.function, function.address, function.end)};
  Types types(info.types(), lines);
  for (const debug::Variable& variable : info.find_variables(function, entry)) {
    if (variable.role != debug::Role::parameter) continue;
    lines.push_back("parameter " + variable.name + " " + text_of(info.locate(function, entry, variable)));
    types.describe(variable.type, variable.name, "", 0, 0);
  }
  lines.push_back("result");
  types.describe(info.find_result_type(function), "()", "", 0, 0);
  return lines;
}

}  // namespace dtp::readers
