// What the index of names knows, as DIEs. Inner header of this folder.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "debug/name_index.h"

namespace dtp::debug {

struct IndexedFunction {
  struct Copy {
    Dwarf_Die die = {};
    bool is_inlined = false;
  };
  Dwarf_Die die = {};  // that says what the function is
  std::uint32_t unit = 0;
  std::vector<Copy> copies = {};
};

// In the order of their units.
std::vector<IndexedFunction> functions_called(Dwarf* dwarf, const NameIndex& index, std::string_view name);
// By a shell glob, in the order of the file.
std::vector<IndexedFunction> functions_matching(Dwarf* dwarf, const NameIndex& index, const std::string& pattern);

}  // namespace dtp::debug
