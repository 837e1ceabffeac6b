// DWARF locations in our words: a base register or address, dereferences, an offset.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "debug/elf_file.h"
#include "debug/info.h"

namespace dtp::debug {

// What the evaluation of a location needs to know of its surroundings.
struct Scope {
  Dwarf* dwarf = nullptr;
  const ElfFile* file = nullptr;
  Dwarf_Die function = {};  // the out-of-line function around the address; its frame base counts
  bool has_function = false;
  std::uint64_t entry = 0;                       // its entry address
  std::uint64_t end = 0;                         // one past its last byte
  std::optional<std::uint64_t> entry_view = {};  // the address is where the function, or its inlined copy, is entered
};

// Where the variable's DIE says it is at `address`. `depth` counts the expressions that led there.
Whereabouts locate_variable(Dwarf_Die variable, bool is_parameter, std::uint64_t address, const Scope& scope,
                            int depth = 0);

// Where it has a location, ascending, neighbours joined; one that always has the same gives `everywhere`.
std::vector<AddressRange> location_ranges(Dwarf_Die variable, const AddressRange& everywhere);
// Where else in the function it can be read: "probe vfs_read+35 or vfs_read:7". Empty: nowhere.
std::string hint_elsewhere(Dwarf_Die variable, std::uint64_t address, const Scope& scope);

}  // namespace dtp::debug
