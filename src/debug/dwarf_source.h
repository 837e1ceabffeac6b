// Which lines of the source have code of their own, by line tables and the functions around them.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "debug/discovery.h"
#include "debug/dwarf_files.h"
#include "debug/info.h"

namespace dtp::debug {

std::vector<SourceLines> dwarf_source_of(const DwarfFiles& files, const std::vector<Instance>& instances);
std::vector<SourceLines> dwarf_source_of_file(const DwarfFiles& files, const std::string& tail);

// `function` is the one out of line whose code covers the address.
CodePlace dwarf_place_of(Dwarf_Die& unit, Dwarf_Die& function, std::uint64_t address);

}  // namespace dtp::debug
