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

// The lines of a function, or of a whole file, where a probe can be put.
struct SourceLines {
  std::string function = {};         // empty: the whole file
  std::string file = {};             // as recorded
  std::string directory = {};        // where it was compiled: what a relative path starts from
  unsigned first = 0;                // of the function: its declaration, which probe points count from
  unsigned last = 0;                 // the last one with code
  std::vector<unsigned> lines = {};  // ascending, from the start of the file
};

// The source that an address belongs to: of inlined code, the place in the function it was inlined into.
struct CodePlace {
  std::string function = {};  // the one out of line around it
  unsigned declared = 0;      // its first line
  std::string file = {};      // the one that declares it
  unsigned line = 0;          // in that file; 0: not known
  std::uint64_t entry = 0;    // of the function
};

}  // namespace dtp::debug
