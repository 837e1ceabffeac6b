// The function around an address and the calls inlined there, in one unit of debug information.
//
// LLVM's own answer begins with a table of all DIEs of the unit and a map of all its subroutines. Here LLVM reads the
// DIEs one by one: those above the functions, once, and those of the function that is asked for.
#pragma once

#include <llvm/DebugInfo/DWARF/DWARFCompileUnit.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDie.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace dtp::debug {

// A DIE that is not in its unit's table: what LLVM finds by that table (parent, children, siblings, the DIEs that
// attributes refer to) cannot be asked for.
struct LoneDie {
  llvm::DWARFUnit* unit = nullptr;
  llvm::DWARFDebugInfoEntry entry = {};
  std::uint64_t end = 0;  // of its attributes: where its children begin

  llvm::DWARFDie view() const { return {unit, &entry}; }  // while this lives
  bool has_children() const { return entry.hasChildren(); }
};

// The linkage name, else the plain one, in the DIE or in those it is an instance of; null: there is none.
const char* name_of(const LoneDie& subroutine);

class UnitFunctions {
 public:
  explicit UnitFunctions(llvm::DWARFUnit& unit) : unit_(&unit) {}

  // The innermost inlined call first, the function last; empty: none has this address.
  std::vector<LoneDie> at(std::uint64_t address);

 private:
  struct Range {
    std::uint64_t low = 0, high = 0;
    std::uint64_t reach = 0;  // the highest of all ends up to here
    std::uint64_t die = 0;    // its offset
  };
  using Table = std::vector<Range>;  // in the order of `low`
  enum class Scope { namespaces, everywhere };

  Table list(Scope scope) const;
  static const Range* find(const Table& table, std::uint64_t address);

  llvm::DWARFUnit* unit_;
  std::optional<Table> plain_ = {};   // of functions that only namespaces are around
  std::optional<Table> nested_ = {};  // of all, made when an address is not in those
};

}  // namespace dtp::debug
