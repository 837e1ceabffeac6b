// Which expression says where a variable is, and where it lives when it is not there (DWARF 5, 2.6.2 and 7.7.3).
#include "debug/dwarf_location.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "debug/dwarf_die.h"
#include "debug/dwarf_expression.h"
#include "debug/dwarf_location_list.h"
#include "debug/dwarf_views.h"

namespace dtp::debug {
namespace {

// Ascending; those that touch become one.
std::vector<AddressRange> join(std::vector<AddressRange> ranges) {
  std::ranges::sort(ranges, {}, &AddressRange::begin);
  std::vector<AddressRange> joined;
  for (const AddressRange& next : ranges) {
    if (!joined.empty() && next.begin <= joined.back().end)
      joined.back().end = std::max(joined.back().end, next.end);
    else
      joined.push_back(next);
  }
  return joined;
}

// Where the location list has entries within the function; neighbours are joined.
std::vector<AddressRange> live_ranges(Dwarf_Attribute& attribute, const Scope& scope) {
  std::vector<AddressRange> ranges;
  Dwarf_Addr base = 0, start = 0, end = 0;
  Program program;
  for (std::ptrdiff_t at = 0;
       (at = dwarf_getlocations(&attribute, at, &base, &start, &end, &program.ops, &program.count)) > 0;)
    if (start >= scope.entry && start < std::min(end, scope.end) && program.count > 0) ranges.push_back({start, end});
  return join(std::move(ranges));
}

std::string name_of_function(const Scope& scope) {
  Dwarf_Die function = scope.function;
  return scope.has_function ? name_of(function) : "";
}

// "it lives at vfs_read+35..+90, +120..+128"
Unavailable lives_elsewhere(Dwarf_Attribute& attribute, const Scope& scope) {
  const std::vector<AddressRange> ranges = live_ranges(attribute, scope);
  if (ranges.empty()) return {Reason::optimised_out, "it is optimised out there"};
  constexpr std::size_t most_shown = 3;
  std::string text;
  for (std::size_t i = 0; i < ranges.size() && i < most_shown; ++i)
    text += fmt::format("{}+{}..+{}", i > 0 ? ", " : name_of_function(scope), ranges[i].begin - scope.entry,
                        ranges[i].end - scope.entry);
  if (ranges.size() > most_shown) text += ", ...";
  return {Reason::not_here, "it is optimised out there; it lives at " + text};
}

// The line, counted from the declaration of the function, whose code begins in the range; none: it is not to be had.
std::optional<int> line_within(Dwarf_Die function, const AddressRange& range) {
  Dwarf_Die unit;
  Dwarf_Lines* lines = nullptr;
  std::size_t count = 0;
  int declared = 0;
  const std::string file = declared_file(function);
  if (file.empty() || dwarf_decl_line(&function, &declared) != 0 ||
      dwarf_diecu(&function, &unit, nullptr, nullptr) == nullptr || dwarf_getsrclines(&unit, &lines, &count) != 0)
    return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    Dwarf_Line* row = dwarf_onesrcline(lines, i);
    Dwarf_Addr address = 0;
    bool is_statement = false;
    int line = 0;
    if (dwarf_lineaddr(row, &address) != 0 || address < range.begin || address >= range.end ||
        dwarf_linebeginstatement(row, &is_statement) != 0 || !is_statement || dwarf_lineno(row, &line) != 0)
      continue;
    const char* source = dwarf_linesrc(row, nullptr, nullptr);
    if (source != nullptr && line > declared && std::string_view(source) == file) return line - declared;
  }
  return std::nullopt;
}

// endbr64 and the call that tracing inserts.
constexpr std::uint64_t longest_entry_code = 4 + 5;

// The compiler's lists often begin after the code that is inserted at the entry; the registers of the
// parameters are the same before it. A location that begins later may hold something else by then.
std::optional<Program> first_after_entry(Dwarf_Attribute& attribute, const Scope& scope) {
  std::optional<Program> found;
  Dwarf_Addr base = 0, start = 0, end = 0,
             nearest = std::min<Dwarf_Addr>(scope.end, scope.entry + longest_entry_code + 1);
  Program program{.attribute = &attribute};
  for (std::ptrdiff_t at = 0;
       (at = dwarf_getlocations(&attribute, at, &base, &start, &end, &program.ops, &program.count)) > 0;) {
    if (start <= scope.entry || start >= nearest || start == end) continue;
    nearest = start;
    found = program;
  }
  return found;
}

// 0: not known.
std::uint64_t size_of_object(Dwarf_Die& variable) {
  Dwarf_Attribute attribute;
  Dwarf_Word size = 0;
  if (dwarf_attr_integrate(&variable, DW_AT_type, &attribute) == nullptr) return 0;
  auto type = type_behind(attribute);
  return type && dwarf_aggregate_size(&*type, &size) == 0 ? size : 0;
}

}  // namespace

std::string hint_elsewhere(Dwarf_Die variable, std::uint64_t address, const Scope& scope) {
  Dwarf_Attribute attribute;
  if (!find_location(variable, DW_AT_location, attribute)) return {};
  const std::vector<AddressRange> ranges = live_ranges(attribute, scope);
  const std::string name = name_of_function(scope);
  if (ranges.empty() || name.empty()) return {};
  const auto next = std::ranges::find_if(ranges, [&](const AddressRange& range) { return range.begin > address; });
  const AddressRange& nearest = next == ranges.end() ? ranges.back() : *next;
  std::string hint = fmt::format("probe {}+{}", name, nearest.begin - scope.entry);
  if (const auto line = line_within(scope.function, nearest)) hint += fmt::format(" or {}:{}", name, *line);
  return hint;
}

Whereabouts locate_variable(Dwarf_Die variable, bool is_parameter, std::uint64_t address, const Scope& scope,
                            int depth) {
  Dwarf_Attribute attribute;
  if (dwarf_attr_integrate(&variable, DW_AT_const_value, &attribute) != nullptr) return evaluate_constant(attribute);
  if (!find_location(variable, DW_AT_location, attribute))
    return Unavailable{Reason::optimised_out, "it is optimised out"};
  Program program{.attribute = &attribute};
  if (const auto passed = is_parameter && scope.entry_view
                              ? location_at_view(variable, attribute, address, *scope.entry_view)
                              : std::nullopt)
    return evaluate(*passed, size_of_object(variable), address, scope, depth);
  if (dwarf_getlocation_addr(&attribute, address, &program.ops, &program.count, 1) < 1) {
    const bool at_entry = is_parameter && scope.has_function && address == scope.entry;
    const auto later = at_entry ? first_after_entry(attribute, scope) : std::nullopt;
    if (!later) return lives_elsewhere(attribute, scope);
    program = *later;
  }
  return evaluate(program, size_of_object(variable), address, scope, depth);
}

std::vector<AddressRange> location_ranges(Dwarf_Die variable, const AddressRange& everywhere) {
  Dwarf_Attribute attribute;
  if (dwarf_attr_integrate(&variable, DW_AT_const_value, &attribute) != nullptr) return {everywhere};
  if (!find_location(variable, DW_AT_location, attribute)) return {};
  std::vector<AddressRange> ranges;
  Dwarf_Addr base = 0;
  AddressRange range;
  Program program;
  for (std::ptrdiff_t at = 0;
       (at = dwarf_getlocations(&attribute, at, &base, &range.begin, &range.end, &program.ops, &program.count)) > 0;) {
    if (program.count == 0 || range.begin >= range.end) continue;
    // A single expression has no bounds.
    ranges.push_back(range.begin == 0 && range.end == static_cast<Dwarf_Addr>(-1) ? everywhere : range);
  }
  return join(std::move(ranges));
}

}  // namespace dtp::debug
