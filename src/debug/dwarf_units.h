// Which units of .debug_info can mention a name: found by looking at the raw bytes, so that not
// every unit has to be walked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "debug/elf_file.h"

namespace dtp::debug {

// Offsets in .debug_str that read as the name.
std::vector<std::uint32_t> string_offsets(std::span<const std::byte> strings, std::string_view name);

// Where in .debug_info one of the numbers stands in four bytes; not sorted.
std::vector<std::uint64_t> places_of(std::span<const std::byte> info, std::span<const std::uint32_t> numbers);

// The same for many numbers, in one pass.
std::unordered_map<std::uint32_t, std::vector<std::uint64_t>> places_by_number(std::span<const std::byte> info,
                                                                               std::span<const std::uint32_t> numbers);

// Where the name itself stands in .debug_info (DW_FORM_string).
std::vector<std::uint64_t> places_of_text(std::span<const std::byte> info, std::string_view name);

// Where a name or its offset stands that matches a shell glob. None: the pattern begins with too little that is fixed.
std::optional<std::vector<std::uint64_t>> places_of_matching(std::span<const std::byte> info,
                                                             std::span<const std::byte> strings,
                                                             const std::string& pattern);

// Offsets of all units, ascending.
std::vector<std::uint64_t> unit_offsets(std::span<const std::byte> info);

// Offsets of the units in which these places lie, ascending.
std::vector<std::uint64_t> units_around(std::span<const std::uint64_t> unit_offsets, std::vector<std::uint64_t> places);

// Some unit's contents are in a .dwo file.
bool has_skeletons(const ElfFile& file);

// Offset of the unit whose code covers the address, from .debug_aranges. None: not listed there.
std::optional<std::uint64_t> unit_at(const ElfFile& file, std::uint64_t address);

}  // namespace dtp::debug
