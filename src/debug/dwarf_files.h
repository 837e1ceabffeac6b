// The files that one DWARF reader reads: the debug file, the supplementary file that DWZ moved shared DIEs to, and,
// opened by libdw, the .dwo files of split units, or the package of them.
#pragma once

#include <elfutils/libdw.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "debug/dwarf_package.h"
#include "debug/elf_file.h"
#include "debug/info.h"
#include "debug/name_places.h"
#include "dtracepp/error.h"

namespace dtp::debug {

// A relocatable file's belongs to libdwfl.
struct EndDwarf {
  bool is_owned = true;
  void operator()(Dwarf* dwarf) const {
    if (is_owned) dwarf_end(dwarf);
  }
};

class DwarfFiles {
 public:
  static Result<DwarfFiles> open(std::shared_ptr<const Binary> binary, const Cache& cache);

  Dwarf* dwarf() const { return dwarf_.get(); }
  const ElfFile& file() const { return binary_->file; }
  const Symbols& symbols() const { return binary_->symbols; }

  // No partial or split units, no supplementary file: whatever stands in .debug_info is all there is.
  bool is_plain() const;

  // Many names are looked for at once faster than one after the other.
  void expect(std::span<const std::string> names);

  // Says whether to stop. `refers`: what is looked for may stand in another unit, which this one refers to.
  using Visit = std::function<bool(Dwarf_Die& unit, bool refers)>;
  // All units that have code or types of their own, those of the supplementary file last.
  void each_unit(const Visit& visit) const;
  // The units that may mention the name, directly or by referring to a DIE of that name in a partial unit. `wanted` is
  // what they have of that name.
  void each_unit_mentioning(std::string_view name, const Visit& visit, Named wanted = Named::anything) const;
  // The units that may mention a name that matches a shell glob.
  void each_unit_matching(const std::string& pattern, const Visit& visit) const;
  // The unit whose code covers the address.
  std::optional<Dwarf_Die> unit_at(std::uint64_t address) const;
  // The DIE of a type by its key. libdw finds by itself those in .debug_info of all files.
  std::optional<Dwarf_Die> type_at(std::uint64_t key) const;

 private:
  using OwnedDwarf = std::unique_ptr<Dwarf, EndDwarf>;
  DwarfFiles(std::shared_ptr<const Binary> binary, OwnedDwarf dwarf);
  Result<void> open_supplement(const Cache& cache);
  struct Mentioning {
    std::vector<Dwarf_Die> units = {};
    std::vector<Dwarf_Die> referring = {};  // to DIEs of that name
  };
  const std::vector<std::uint64_t>& own_units() const;
  std::optional<Mentioning> units_mentioning(std::string_view name, Named wanted) const;
  std::vector<std::uint64_t> places_of_strings(std::span<const std::uint32_t> offsets) const;
  // Of a skeleton the unit in its .dwo file or in the package.
  Dwarf_Die whole(const Dwarf_Die& unit) const;

  // Freed in the reverse order: the supplementary file after the one that refers to it.
  std::shared_ptr<const Binary> binary_;
  std::unique_ptr<ElfFile> supplement_file_ = {};
  OwnedDwarf supplement_ = {};
  OwnedDwarf dwarf_;
  std::unique_ptr<DwarfPackage> package_ = {};
  mutable std::unordered_set<Dwarf*> split_files_ = {};  // that were read; owned by libdw
  mutable std::vector<std::uint64_t> own_units_ = {};  // offsets of the units, once they are wanted
  std::unordered_map<std::uint32_t, std::vector<std::uint64_t>> expected_ = {};  // places by offset into .debug_str
};

}  // namespace dtp::debug
