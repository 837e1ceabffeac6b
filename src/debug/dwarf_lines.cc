// DWARF 5, 6.2. Of several statements of a file that begin at one address the first one is meant to have the
// code. Rows of other files there are the end or the start of inlined functions.
#include "debug/dwarf_lines.h"

#include <dwarf.h>

#include <algorithm>
#include <string>

#include "debug/dwarf_die.h"
#include "debug/line_names.h"
#include "debug/source_path.h"

namespace dtp::debug {
namespace {

struct Row {
  Dwarf_Addr address = 0;
  int line = 0;
  const char* file = nullptr;
};

// Rows that begin a statement; the others are places within one.
template <class Visit>
void each_statement(Dwarf_Die& unit, Visit visit) {
  Dwarf_Lines* lines = nullptr;
  std::size_t count = 0;
  if (dwarf_getsrclines(&unit, &lines, &count) != 0) return;
  for (std::size_t i = 0; i < count; ++i) {
    Dwarf_Line* line = dwarf_onesrcline(lines, i);
    Row row;
    bool is_end = false, is_statement = false;
    if (dwarf_lineaddr(line, &row.address) != 0 || dwarf_lineno(line, &row.line) != 0) continue;
    if (dwarf_lineendsequence(line, &is_end) != 0 || is_end) continue;
    if (dwarf_linebeginstatement(line, &is_statement) != 0 || !is_statement) continue;
    row.file = dwarf_linesrc(line, nullptr, nullptr);
    if (row.file != nullptr) visit(row);
  }
}

}  // namespace

std::vector<std::uint64_t> addresses_of_line(Dwarf_Die& unit, std::string_view file, unsigned line) {
  std::vector<std::uint64_t> addresses;
  each_statement(unit, [&](const Row& row) {
    if (static_cast<unsigned>(row.line) != line || !matches_tail(row.file, file)) return;
    if (std::ranges::find(addresses, row.address) == addresses.end()) addresses.push_back(row.address);
  });
  return addresses;
}

std::optional<unsigned> line_at(Dwarf_Die& unit, std::string_view file, std::uint64_t address) {
  std::optional<unsigned> found;
  each_statement(unit, [&](const Row& row) {
    if (!found && row.address == address && matches_tail(row.file, file)) found = static_cast<unsigned>(row.line);
  });
  return found;
}

std::uint64_t prologue_end(Dwarf_Die function, std::uint64_t entry, std::uint64_t end) {
  Dwarf_Die unit;
  Dwarf_Lines* lines = nullptr;
  std::size_t count = 0;
  if (dwarf_diecu(&function, &unit, nullptr, nullptr) == nullptr || dwarf_getsrclines(&unit, &lines, &count) != 0)
    return entry;
  std::uint64_t second = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Dwarf_Line* line = dwarf_onesrcline(lines, i);
    Dwarf_Addr address = 0;
    bool is_marked = false;
    if (dwarf_lineaddr(line, &address) != 0 || address <= entry || address >= end) continue;
    if (dwarf_lineprologueend(line, &is_marked) == 0 && is_marked) return address;
    if (second == 0 || address < second) second = address;
  }
  return second == 0 ? entry : second;
}

bool has_source_file(const ElfFile& file, Dwarf_Die& unit, std::string_view tail) {
  Dwarf_Attribute attribute;
  Dwarf_Word table = 0;
  // A split unit has its table in the skeleton: libdw finds it.
  if (dwarf_attr(&unit, DW_AT_stmt_list, &attribute) != nullptr && dwarf_formudata(&attribute, &table) == 0 &&
      !file.is_relocatable() && !may_name_file(file, table, tail))
    return false;
  Dwarf_Files* files = nullptr;
  std::size_t count = 0;
  if (dwarf_getsrcfiles(&unit, &files, &count) != 0) return false;
  for (std::size_t i = 0; i < count; ++i) {
    const char* name = dwarf_filesrc(files, i, nullptr, nullptr);
    if (name != nullptr && matches_tail(name, tail)) return true;
  }
  return false;
}

std::vector<Statement> statements_of(Dwarf_Die& unit) {
  std::vector<Statement> statements;
  each_statement(unit, [&](const Row& row) {
    statements.push_back({row.address, static_cast<unsigned>(row.line), row.file});
  });
  return statements;
}

std::vector<Statement> inlined_calls_of(Dwarf_Die& unit) {
  std::vector<Statement> calls;
  Dwarf_Files* files = nullptr;
  std::size_t count = 0;
  if (dwarf_getsrcfiles(&unit, &files, &count) != 0) return calls;
  const std::string own = name_of(unit);
  auto visit = [&](Dwarf_Die& child) {
    const int tag = dwarf_tag(&child);
    if (tag != DW_TAG_inlined_subroutine) return dwarf_haschildren(&child) > 0;
    Dwarf_Die origin = origin_of(child);
    const auto file = number(child, DW_AT_call_file), line = number(child, DW_AT_call_line);
    const auto entry = entry_of(child);
    const char* name = file && *file < count ? dwarf_filesrc(files, *file, nullptr, nullptr) : nullptr;
    const bool has_code = entry && end_of(child, *entry) > *entry;
    const bool is_own = name != nullptr && (matches_tail(own, name) || matches_tail(name, own));
    if (is_own && line && has_code && !is_split_head(child, origin))
      calls.push_back({*entry, static_cast<unsigned>(*line), name});
    return true;
  };
  walk(unit, visit);
  return calls;
}

}  // namespace dtp::debug
