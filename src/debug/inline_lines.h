// Line tables for inlined frames, as LLVM reads them.
#pragma once

#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugLine.h>

#include <cstdint>
#include <unordered_map>

namespace dtp::debug {

class LineTables {
 public:
  using Table = llvm::DWARFDebugLine::LineTable;

  // Empty: LLVM cannot read it; null: the unit has none.
  const Table* of(llvm::DWARFUnit& unit);

 private:
  std::unordered_map<std::uint64_t, Table> tables_ = {};  // by their offsets
  Table scratch_ = {};                                    // has place for many rows: LLVM's own tables grow row by row
};

}  // namespace dtp::debug
