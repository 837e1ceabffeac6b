// An index of a file's functions, global variables and enumerators by name, and of its units by source file: what would
// be searched in all of the debug information otherwise. It is kept in the user's cache.
//
//   Header | Function... by name and unit | Instance... | Global... by name and kind | File... by name |
//   unit offsets... of globals and files | texts
//
// Names are offsets into .debug_str, and behind its end into the texts: a name that is shorter than such an offset does
// not stand in .debug_str. A function's instances, and the units of a file or a global, stand one after the other. All
// numbers are u32, so a file with more than 4 GiB of debug information has no index.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "debug/cache.h"
#include "debug/elf_file.h"
#include "debug/source_path.h"

namespace dtp::debug {

class NameIndex {
 public:
  // Offsets into .debug_info.
  struct Instance {
    std::uint32_t die = 0;
    std::uint32_t is_inlined = 0;
  };
  struct Function {
    std::uint32_t name = 0;
    std::uint32_t unit = 0;
    std::uint32_t die = 0;  // that says what the function is
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  struct Global {
    std::uint32_t name = 0;
    std::uint32_t is_enumerator = 0;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  struct File {
    std::uint32_t hash = 0;  // of the last component of its path
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };

  // From the cache. None there: it is made when a search in this file is asked for the second time.
  static std::optional<NameIndex> open(const ElfFile& file, const Cache& cache);
  // The contents are checked: offsets and counts stay within them and within the file's sections.
  static std::optional<NameIndex> of_bytes(const ElfFile& file, base::Mapping mapping, std::size_t size);

  // False: there are names that the index does not have.
  bool has_all_names() const { return has_all_names_; }
  std::string_view name_of(const Function& function) const { return text_at(function.name); }
  std::span<const Instance> instances(const Function& function) const;
  // In the order of their units.
  std::span<const Function> find(std::string_view name) const;
  // Those whose names begin so.
  std::span<const Function> find_prefix(std::string_view prefix) const;
  // Where a search of all units for variables of this name, outside of functions and classes, would find something:
  // static ones, the first declaration and the first definition of others. And the first unit with an enumerator of
  // this name. Ascending.
  std::span<const std::uint32_t> units_of_variable(std::string_view name) const { return units_of_global(name, 0); }
  std::span<const std::uint32_t> units_of_enumerator(std::string_view name) const { return units_of_global(name, 1); }
  // Units that have code of a file with this last component of its path, or of one with the same hash; ascending.
  std::span<const std::uint32_t> units_of(std::string_view path) const;

 private:
  NameIndex() = default;
  std::string_view text_at(std::uint32_t name) const;
  std::span<const std::uint32_t> units_of_global(std::string_view name, std::uint32_t is_enumerator) const;
  base::Mapping mapping_ = {};
  bool has_all_names_ = false;
  std::span<const Function> functions_ = {};
  std::span<const Instance> instances_ = {};
  std::span<const Global> globals_ = {};
  std::span<const File> files_ = {};
  std::span<const std::uint32_t> units_ = {};
  std::string_view texts_ = {};
  std::string_view strings_ = {};
};

// As written. Takes all cores for a while.
std::vector<std::byte> build_name_index(const ElfFile& file);

// Of the last component of a path.
inline std::uint32_t hash_of_file(std::string_view path) {
  std::uint32_t hash = 2166136261;  // FNV-1a
  for (const char c : last_component(path)) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
  return hash;
}

}  // namespace dtp::debug
