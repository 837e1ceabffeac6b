// Source lines and addresses, by the line table of a unit.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "debug/elf_file.h"

namespace dtp::debug {

// Where statements of this line begin, each address once. The file matches by the tail of its path.
std::vector<std::uint64_t> addresses_of_line(Dwarf_Die& unit, std::string_view file, unsigned line);

// The line of that file which the code at an address belongs to.
std::optional<unsigned> line_at(Dwarf_Die& unit, std::string_view file, std::uint64_t address);

// The first address behind the prologue of a function that has the code [entry, end): its frame stands there. The entry
// where that is not known. Compilers start a new line there; clang also marks it.
std::uint64_t prologue_end(Dwarf_Die function, std::uint64_t entry, std::uint64_t end);

// True when the unit has code of a file whose path ends so.
bool has_source_file(const ElfFile& file, Dwarf_Die& unit, std::string_view tail);

// A row of the line table where a statement begins.
struct Statement {
  std::uint64_t address = 0;
  unsigned line = 0;
  std::string_view file = {};  // the table's own; as recorded, with its directory
};

// In the order of the table.
std::vector<Statement> statements_of(Dwarf_Die& unit);

// The calls of functions that were inlined into the unit's own file, where the code of their copies begins: the table
// may have no rows of the calls. Walks the whole unit; all units that include a header are not walked for it.
std::vector<Statement> inlined_calls_of(Dwarf_Die& unit);

}  // namespace dtp::debug
