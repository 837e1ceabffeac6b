// All functions of a file, with their bodies and inlined copies.
#pragma once

#include <string>
#include <vector>

#include "debug/discovery.h"
#include "debug/dwarf_files.h"

namespace dtp::debug {

std::vector<FunctionSummary> list_dwarf_functions(const DwarfFiles& files, const NameFilter& is_wanted);

// The file of an abstract DIE of this name; empty: there is none.
std::string find_abstract_function(const DwarfFiles& files, const std::string& name);

}  // namespace dtp::debug
