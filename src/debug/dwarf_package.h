// A .dwp file: the split units of a whole program in one file, where there would be a .dwo file for each.
#pragma once

#include <elfutils/libdw.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/file.h"
#include "debug/cache.h"
#include "debug/elf_file.h"
#include "dtracepp/error.h"

namespace dtp::debug {

class DwarfPackage {
 public:
  // The package beside the file, PROGRAM.dwp; null: there is none.
  static Result<std::unique_ptr<DwarfPackage>> find(const ElfFile& file, const Cache& cache);

  // The unit of this id as the .dwo file that it was made from, with the types that it refers to; none: it is not here,
  // or damaged.
  std::optional<std::vector<std::byte>> split_file(std::uint64_t id) const;

  // Lets libdw find a skeleton's unit here. `image` is the file of the skeleton, in memory that can be written.
  void link(const Dwarf_Die& skeleton, const ElfFile& image);

 private:
  explicit DwarfPackage(ElfFile file) : file_(std::move(file)) {}

  struct Slice {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };
  static constexpr std::size_t kinds = 9;  // of sections, by the numbers of the index
  using Unit = std::array<Slice, kinds>;

  bool read_index(const char* section, std::unordered_map<std::uint64_t, Unit>& units);
  // What a unit has of a kind of section; empty: nothing.
  std::span<const std::byte> piece(const Unit& unit, std::size_t kind) const;
  std::vector<const Unit*> types_of(std::span<const std::byte> info) const;

  ElfFile file_;
  std::uint32_t version_ = 0;
  std::unordered_map<std::uint64_t, Unit> units_ = {};  // by id
  std::unordered_map<std::uint64_t, Unit> types_ = {};  // units of types, by signature
  std::unordered_set<const void*> linked_ = {};         // skeletons
};

// The bytes of a file, and more behind them, in memory of our own, which can be written.
Result<base::Mapping> copy_of(const ElfFile& file, std::span<const std::byte> more);
Result<ElfFile> writable_copy(const ElfFile& file);

}  // namespace dtp::debug
