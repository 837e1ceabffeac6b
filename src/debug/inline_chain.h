// The function around an address and the calls inlined there, in one unit of debug information.
//
// LLVM's own answer begins with a table of all DIEs of the unit and a map of all its subroutines. Here LLVM reads the
// DIEs one by one: those above the functions, and those of a function when it is asked for, each once.
#pragma once

#include <llvm/DebugInfo/DWARF/DWARFCompileUnit.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDie.h>

#include <cstdint>
#include <optional>
#include <unordered_map>
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

// Subroutines by where their code is.
class SubroutineTable {
 public:
  struct Subroutine {
    std::uint64_t die = 0;  // its offset
    std::size_t outer = 0;  // the index of the one it is inlined in
  };

  std::size_t add(const LoneDie& die, std::size_t outer);
  bool is_full() const;
  // Before the first find(), and after the last add().
  void sort();
  // Of those with the address the one that begins last, and of those the one that was added last: of nested ones the
  // innermost. Null: there is none.
  const Subroutine* find(std::uint64_t address) const;
  const Subroutine& operator[](std::size_t index) const { return subroutines_[index]; }

 private:
  struct Range {
    std::uint64_t low = 0, high = 0;
    std::uint64_t reach = 0;  // the highest of all ends up to here
    std::size_t subroutine = 0;
  };
  std::vector<Subroutine> subroutines_ = {};
  std::vector<Range> ranges_ = {};
};

class UnitFunctions {
 public:
  explicit UnitFunctions(llvm::DWARFUnit& unit) : unit_(&unit) {}

  // The innermost inlined call first, the function last; empty: none has this address.
  std::vector<LoneDie> at(std::uint64_t address);

 private:
  const SubroutineTable::Subroutine* find(std::uint64_t address);

  llvm::DWARFUnit* unit_;
  std::optional<SubroutineTable> plain_ = {};   // functions that only namespaces are around
  std::optional<SubroutineTable> nested_ = {};  // all, made when an address is not in those
  // By the function's DIE: it, and after it the calls inlined there.
  std::unordered_map<std::uint64_t, SubroutineTable> calls_ = {};
};

}  // namespace dtp::debug
