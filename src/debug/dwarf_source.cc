// Several lines of a file may begin at one address: it belongs to the first of them in the table, and a function's
// first byte to the line of its declaration. A line can be probed when all that begins with it belongs to it. A
// function reaches from its declaration to the last line that code of its own belongs to: what was inlined into it has
// lines elsewhere, also below it.
#include "debug/dwarf_source.h"

#include <dwarf.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "debug/dwarf_die.h"
#include "debug/dwarf_lines.h"
#include "debug/source_path.h"

namespace dtp::debug {
namespace {

std::string directory_of(Dwarf_Die& unit) {
  Dwarf_Attribute attribute;
  const char* directory =
      dwarf_attr(&unit, DW_AT_comp_dir, &attribute) == nullptr ? nullptr : dwarf_formstring(&attribute);
  return directory == nullptr ? "" : directory;
}

// Where the out-of-line functions of a unit begin, and the lines they are declared at.
std::unordered_map<std::uint64_t, unsigned> entries_of(Dwarf_Die& unit) {
  std::unordered_map<std::uint64_t, unsigned> entries;
  auto visit = [&](Dwarf_Die& child) {
    const int tag = dwarf_tag(&child);
    int line = 0;
    if (const auto entry = tag == DW_TAG_subprogram ? entry_of(child) : std::nullopt; entry && *entry != 0)
      entries.emplace(*entry, dwarf_decl_line(&child, &line) == 0 ? static_cast<unsigned>(std::max(line, 0)) : 0);
    return tag == DW_TAG_namespace || tag == DW_TAG_class_type || tag == DW_TAG_structure_type;
  };
  walk(unit, visit);
  return entries;
}

// The lines of a file that can be probed.
std::vector<unsigned> probeable(Dwarf_Die& unit, const std::vector<Statement>& statements, std::string_view file) {
  const auto entries = entries_of(unit);
  std::unordered_map<std::uint64_t, unsigned> owners;  // of addresses
  std::unordered_set<unsigned> shared;
  for (const Statement& statement : statements) {
    if (statement.file != file || statement.line == 0) continue;
    const auto entry = entries.find(statement.address);
    const unsigned owner = entry == entries.end() || entry->second == 0 ? statement.line : entry->second;
    const unsigned first = owners.emplace(statement.address, owner).first->second;
    if (first != statement.line) shared.insert(statement.line);
  }
  std::vector<unsigned> lines;
  for (const auto& [address, line] : owners)
    if (!shared.contains(line) || entries.contains(address)) lines.push_back(line);
  for (const Statement& call : inlined_calls_of(unit))
    if (call.file == file && call.line != 0) lines.push_back(call.line);
  return lines;
}

// The line before the next function of the file that stands beside this one; closures stand within theirs.
unsigned line_before_next(Dwarf_Die& unit, const SourceLines& source) {
  unsigned next = std::numeric_limits<unsigned>::max();
  auto visit = [&](Dwarf_Die& child) {
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_subprogram) {
      const unsigned line = declared_line(child);
      if (line > source.first && line < next && declared_file(child) == source.file) next = line;
    }
    return tag == DW_TAG_namespace && name_of(child) != source.function;
  };
  walk(unit, visit);
  return next - 1;
}

void append_ranges(Dwarf_Die& die, std::vector<AddressRange>& ranges) {
  Dwarf_Addr base = 0;
  AddressRange range;
  for (std::ptrdiff_t at = 0; (at = dwarf_ranges(&die, at, &base, &range.begin, &range.end)) > 0;)
    ranges.push_back(range);
}

bool covers(const std::vector<AddressRange>& ranges, std::uint64_t address) {
  return std::ranges::any_of(ranges, [&](const AddressRange& r) { return address >= r.begin && address < r.end; });
}

// The code of one function within one unit.
struct Code {
  Dwarf_Die unit = {};
  Dwarf_Die declaration = {};
  std::vector<AddressRange> inside = {};
  std::vector<AddressRange> inlined = {};  // of other functions, within it
};

void append_code(Dwarf_Die& die, Code& code) {
  append_ranges(die, code.inside);
  auto visit = [&](Dwarf_Die& child) {
    if (dwarf_tag(&child) == DW_TAG_inlined_subroutine) append_ranges(child, code.inlined);
    return dwarf_tag(&child) == DW_TAG_lexical_block;
  };
  walk(die, visit);
}

void add_code(Code& code, SourceLines& source) {
  const std::vector<Statement> statements = statements_of(code.unit);
  const unsigned bound = line_before_next(code.unit, source);
  for (const Statement& statement : statements) {
    const bool is_own = statement.file == source.file && statement.line >= source.first &&
                        covers(code.inside, statement.address) && !covers(code.inlined, statement.address);
    if (is_own && statement.line <= bound) source.last = std::max(source.last, statement.line);
  }
  source.lines.push_back(source.first);
  for (const unsigned line : probeable(code.unit, statements, source.file))
    if (line > source.first && line <= source.last) source.lines.push_back(line);
}

void sort_unique(std::vector<unsigned>& lines) {
  std::ranges::sort(lines);
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
}

}  // namespace

std::vector<SourceLines> dwarf_source_of(const DwarfFiles& files, const std::vector<Instance>& instances) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, Code> codes;  // by unit and declaration
  for (const Instance& instance : instances) {
    Dwarf_Die die;
    Code code;
    if (!find_die(files.dwarf(), instance.scope, die) || dwarf_diecu(&die, &code.unit, nullptr, nullptr) == nullptr)
      continue;
    code.declaration = origin_or_self(die);
    auto& known = codes.try_emplace({key_of(code.unit), key_of(code.declaration)}, code).first->second;
    append_code(die, known);
  }
  std::vector<SourceLines> found;
  for (auto& [key, code] : codes) {
    const std::string file = declared_file(code.declaration);
    const unsigned first = declared_line(code.declaration);
    if (file.empty() || first == 0) continue;
    const std::string name = name_of(code.declaration);
    auto same = std::ranges::find_if(found, [&](const SourceLines& other) {
      return other.function == name && other.file == file && other.first == first;
    });
    if (same == found.end())
      same = found.insert(
          found.end(),
          {.function = name, .file = file, .directory = directory_of(code.unit), .first = first, .last = first});
    add_code(code, *same);
  }
  for (SourceLines& source : found) sort_unique(source.lines);
  return found;
}

std::vector<SourceLines> dwarf_source_of_file(const DwarfFiles& dwarf_files, const std::string& tail) {
  std::map<std::string, SourceLines, std::less<>> by_file;
  dwarf_files.each_unit([&](Dwarf_Die& unit, bool) {
    if (!has_source_file(dwarf_files.file(), unit, tail)) return false;
    const std::vector<Statement> statements = statements_of(unit);
    std::set<std::string_view> files;
    for (const Statement& statement : statements)
      if (matches_tail(statement.file, tail)) files.insert(statement.file);
    for (const std::string_view file : files) {
      SourceLines& source = by_file[std::string(file)];
      if (source.file.empty()) source = {.file = std::string(file), .directory = directory_of(unit), .first = 1};
      std::ranges::copy(probeable(unit, statements, file), std::back_inserter(source.lines));
      sort_unique(source.lines);
    }
    return false;
  });
  std::vector<SourceLines> found;
  for (auto& [file, source] : by_file) {
    if (source.lines.empty()) continue;
    source.last = source.lines.back();
    found.push_back(std::move(source));
  }
  return found;
}

CodePlace dwarf_place_of(Dwarf_Die& unit, Dwarf_Die& function, std::uint64_t address) {
  CodePlace place{.function = name_of(function),
                  .declared = declared_line(function),
                  .file = declared_file(function),
                  .entry = entry_of(function).value_or(0)};
  if (address == place.entry) {
    place.line = place.declared;
    return place;
  }
  // Inlined code stands for the line that called it.
  Dwarf_Die at = function;
  for (int depth = 0; depth < deepest_die; ++depth) {
    Dwarf_Die child;
    bool descended = false;
    if (dwarf_child(&at, &child) != 0) break;
    do {
      const int tag = dwarf_tag(&child);
      if ((tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block) || dwarf_haspc(&child, address) <= 0)
        continue;
      if (tag == DW_TAG_inlined_subroutine) {
        place.line = static_cast<unsigned>(number(child, DW_AT_call_line).value_or(0));
        return place;
      }
      at = child;
      descended = true;
      break;
    } while (dwarf_siblingof(&child, &child) == 0);
    if (!descended) break;
  }
  std::uint64_t nearest = 0;
  for (const Statement& statement : statements_of(unit)) {
    if (statement.file != place.file || statement.address > address || statement.address < place.entry ||
        statement.address <= nearest)
      continue;
    nearest = statement.address;
    place.line = statement.line;
  }
  return place;
}

}  // namespace dtp::debug
