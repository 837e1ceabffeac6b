// All functions of a file, with their bodies and inlined copies.
#pragma once

#include <elfutils/libdw.h>

#include <vector>

#include "debug/discovery.h"

namespace dtp::debug {

std::vector<FunctionSummary> list_dwarf_functions(Dwarf* dwarf, const NameFilter& is_wanted);

}  // namespace dtp::debug
