// What lists and source views ask of debug information: functions, the lines that have code, where variables live.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dtp::debug {

// Link-time addresses: [begin, end).
struct AddressRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool operator==(const AddressRange&) const = default;
};

// A function of the source, wherever the compiler put its code. One that a header defines appears once.
struct FunctionSummary {
  std::string name = {};  // as the linker has it, or would have it
  std::string file = {};  // the declaring source file, as recorded; empty: not known
  unsigned line = 0;
  std::vector<AddressRange> bodies = {};  // out of line; of several ranges the one with the entry
  std::size_t inlined = 0;                // copies within other functions
};

// Is a function of this name wanted? First as its unit names it, then as the linker does (empty: the same).
using NameFilter = std::function<bool(std::string_view name, std::string_view linkage_name)>;

}  // namespace dtp::debug
