// The stack machine of DWARF's location expressions, run on symbolic values.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>

#include "debug/dwarf_location.h"
#include "debug/info.h"

namespace dtp::debug {

// An expression as libdw decodes it.
struct Program {
  Dwarf_Attribute* attribute = nullptr;  // where it stands; null: in call frame information
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
};

// Where the object is, of which the expression is the location at this address. `bytes` is the object's size; 0: not
// known. `depth` counts the expressions around this one.
Whereabouts evaluate(Program program, std::uint64_t bytes, std::uint64_t address, const Scope& scope, int depth);

// DW_AT_const_value.
Whereabouts evaluate_constant(Dwarf_Attribute& attribute);

}  // namespace dtp::debug
