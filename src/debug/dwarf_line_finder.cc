#include "debug/dwarf_line_finder.h"

#include <algorithm>

#include "debug/dwarf_die.h"
#include "debug/dwarf_language.h"
#include "debug/dwarf_lines.h"
#include "debug/source_path.h"

namespace dtp::debug {
namespace {

// `owner`: the line that the address belongs to.
void add_line(Dwarf_Die& function, const Statement& at, unsigned owner, std::vector<LineInstance>& found) {
  if (std::ranges::any_of(found, [&](const LineInstance& f) { return f.instance.address == at.address; })) return;
  const std::uint64_t entry = entry_of(function).value_or(at.address);
  if (entry == 0) return;  // the linker threw the function away
  LineInstance instance{.instance = {.function = name_of(function),
                                     .address = at.address,
                                     .end = end_of(function, entry),
                                     .file = std::string(at.file),
                                     .scope = key_of(function),
                                     .language = language_of(function)},
                        .wanted_line = at.line,
                        .line = owner};
  // At its first byte the line of a function is that of its declaration.
  if (int declared = 0; at.address == entry && dwarf_decl_line(&function, &declared) == 0)
    instance.line = static_cast<unsigned>(declared);
  found.push_back(std::move(instance));
}

}  // namespace

void LineFinder::enter(Dwarf_Die& unit) {
  if (unit_ == key_of(unit)) return;
  unit_ = key_of(unit);
  functions_ = functions_of_unit(unit);
  calls_.reset();
}

std::optional<Dwarf_Die> LineFinder::function_around(Dwarf_Die& unit, std::uint64_t address) {
  enter(unit);
  const auto found = std::ranges::find_if(
      functions_, [&](const FunctionRange& one) { return address >= one.begin && address < one.end; });
  return found == functions_.end() ? std::nullopt : std::optional(found->die);
}

void LineFinder::find(Dwarf_Die& unit, const LineQuery& query, std::vector<LineInstance>& found) {
  std::string file = query.file;
  unsigned first = 0;
  if (!query.function.empty()) {
    auto declaration = declaration_in(unit, query.function, query.file);
    if (!declaration) return;
    file = declared_file(*declaration);
    const unsigned declared = declared_line(*declaration);
    const auto known = declared != 0 ? declared : line_at(unit, file, entry_of(*declaration).value_or(0));
    if (!known) return;
    first = *known;
  }
  for (const unsigned line : query.lines) find_line(unit, file, first + line, found);
}

void LineFinder::find_line(Dwarf_Die& unit, const std::string& file, unsigned line, std::vector<LineInstance>& found) {
  for (const std::uint64_t address : addresses_of_line(unit, file, line))
    if (auto function = function_around(unit, address))
      add_line(*function, {address, line, file}, line_at(unit, file, address).value_or(line), found);
  enter(unit);
  if (!calls_) calls_ = inlined_calls_of(unit);
  const std::size_t statements = found.size();
  for (const Statement& call : *calls_) {
    if (call.line != line || !matches_tail(call.file, file)) continue;
    auto function = function_around(unit, call.address);
    if (!function) continue;
    const auto is_there = [&](const LineInstance& one) { return one.instance.scope == key_of(*function); };
    if (!std::any_of(found.begin(), found.begin() + statements, is_there))
      add_line(*function, {call.address, line, file}, line, found);
  }
}

// The first byte of a function belongs to the line of its declaration, whatever line its code begins with.
void LineFinder::find_declared(Dwarf_Die& unit, const LineQuery& query, std::vector<LineInstance>& found) {
  enter(unit);
  for (FunctionRange& function : functions_) {
    const unsigned line = declared_line(function.die);
    const auto entry = entry_of(function.die);
    if (!entry || std::ranges::find(query.lines, line) == query.lines.end()) continue;
    const std::string file = declared_file(function.die);
    if (matches_tail(file, query.file)) add_line(function.die, {*entry, line, file}, line, found);
  }
}

}  // namespace dtp::debug
