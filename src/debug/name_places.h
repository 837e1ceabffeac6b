// What kind of DIE may have its name at a place of .debug_info, by the abbreviations alone. "name" is a member of a
// struct in nearly every unit of a kernel, and a global variable in none: those units need not be walked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace dtp::debug {

enum class Named { anything, global, enumerator, type };

// A name as .debug_info has it: by its bytes, unless they are empty, or by an offset into .debug_str.
struct NameForms {
  std::string_view text = {};
  std::span<const std::uint32_t> offsets = {};
};

// Offsets of the units that have such a DIE of this name, ascending. A damaged unit counts as one that has.
std::vector<std::uint64_t> units_naming(Named wanted, std::span<const std::byte> info,
                                        std::span<const std::byte> abbreviations,
                                        std::span<const std::uint64_t> unit_offsets, const NameForms& name);

}  // namespace dtp::debug
