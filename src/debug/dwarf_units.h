// Which units of .debug_info can mention a name: found by looking at the raw bytes, so that not
// every unit has to be walked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "debug/elf_file.h"

namespace dtp::debug {

// Offsets of the units in .debug_info, ascending. None: it cannot be told, any unit may.
std::optional<std::vector<std::uint64_t>> units_mentioning(const ElfFile& file, std::string_view name);

// The same for the names that match a shell glob.
std::optional<std::vector<std::uint64_t>> units_mentioning_any(const ElfFile& file, const std::string& pattern);

// Offset of the unit whose code covers the address, from .debug_aranges. None: not listed there.
std::optional<std::uint64_t> unit_at(const ElfFile& file, std::uint64_t address);

}  // namespace dtp::debug
