// The places of source lines in units that are asked for one after the other.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "debug/dwarf_functions.h"
#include "debug/dwarf_lines.h"
#include "debug/info.h"

namespace dtp::debug {

class LineFinder {
 public:
  // The out-of-line function whose code covers the address.
  std::optional<Dwarf_Die> function_around(Dwarf_Die& unit, std::uint64_t address);
  void find(Dwarf_Die& unit, const LineQuery& query, std::vector<LineInstance>& found);
  // A line counted from the start of the file, which matches by the tail of its path.
  void find_line(Dwarf_Die& unit, const std::string& file, unsigned line, std::vector<LineInstance>& found);
  // The functions that are declared at the lines.
  void find_declared(Dwarf_Die& unit, const LineQuery& query, std::vector<LineInstance>& found);

 private:
  void enter(Dwarf_Die& unit);

  // Of the unit that was asked for last.
  std::uint64_t unit_ = 0;
  std::vector<FunctionRange> functions_ = {};
  std::optional<std::vector<Statement>> calls_ = {};  // see inlined_calls_of(); none: not asked for yet
};

}  // namespace dtp::debug
