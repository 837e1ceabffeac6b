// All functions of a file, with their bodies and inlined copies.
#pragma once

#include <vector>

#include "debug/discovery.h"
#include "debug/dwarf_files.h"

namespace dtp::debug {

std::vector<FunctionSummary> list_dwarf_functions(const DwarfFiles& files, const NameFilter& is_wanted);

}  // namespace dtp::debug
