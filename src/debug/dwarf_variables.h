// The variables that a function's code may name. Inner header of this folder.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <vector>

#include "debug/info.h"
#include "dtracepp/type.h"

namespace dtp::debug {

// Those of the function and of the blocks around the address; of several of one name the innermost.
std::vector<Variable> variables_at(Dwarf_Die& function, std::uint64_t address, Language language, type::Table& types);

// Those at the top of a unit.
std::vector<Variable> variables_of_unit(Dwarf_Die& unit, Language language, type::Table& types);

}  // namespace dtp::debug
