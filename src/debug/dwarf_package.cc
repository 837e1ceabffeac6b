// A package has each kind of section once, with the contributions of all units one after the other. Its index says
// which piece of each section belongs to the unit of which id (DWARF 5, 7.3.5.3; before it GNU's version 2, which
// differs in the numbers of sections). A contribution of .debug_str_offsets points into the strings of all units.
//
// libdw 0.188 reads .dwo files but no packages. It finds a .dwo file by the path that the skeleton has as its
// DW_AT_dwo_name. So a unit's pieces, with the strings it uses, are put together as a .dwo file in memory, and for the
// moment in which libdw looks for it the text of that path is "/proc/self/fd/N". It looks once for each skeleton.
#include "debug/dwarf_package.h"

#include <dwarf.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "base/cursor.h"
#include "base/file.h"
#include "debug/dwarf_die.h"
#include "debug/dwarf_split_file.h"
#include "debug/inflate.h"

namespace dtp::debug {
namespace {

using Bytes = std::span<const std::byte>;

// Numbers of the kinds of sections that both versions share, and that of .debug_types, which GNU's version has.
constexpr std::size_t kind_info = 1, kind_types = 2, kind_abbreviations = 3, kind_str_offsets = 6;

std::string_view section_name(std::uint32_t version, std::size_t kind) {
  switch (kind) {
    case kind_info: return ".debug_info.dwo";
    case kind_types: return version == 5 ? "" : ".debug_types.dwo";
    case kind_abbreviations: return ".debug_abbrev.dwo";
    case 4: return ".debug_line.dwo";
    case 5: return version == 5 ? ".debug_loclists.dwo" : ".debug_loc.dwo";
    case kind_str_offsets: return ".debug_str_offsets.dwo";
    case 7: return version == 5 ? ".debug_macro.dwo" : ".debug_macinfo.dwo";
    case 8: return version == 5 ? ".debug_rnglists.dwo" : ".debug_macro.dwo";
    default: return "";
  }
}

base::Fd memory_file(Bytes contents) {
  base::Fd fd(::memfd_create("dwo", MFD_CLOEXEC));
  if (!fd || !base::write_all(fd.get(), {reinterpret_cast<const char*>(contents.data()), contents.size()}, "dwo"))
    return {};
  return fd;
}

// Memory holds other bytes as long as this lives.
class Overwritten {
 public:
  Overwritten(std::span<std::byte> memory, std::string_view text)
      : memory_(memory), was_(memory.begin(), memory.end()) {
    std::memcpy(memory.data(), text.data(), memory.size());
  }
  Overwritten(const Overwritten&) = delete;
  Overwritten& operator=(const Overwritten&) = delete;
  ~Overwritten() { std::ranges::copy(was_, memory_.begin()); }

 private:
  std::span<std::byte> memory_;
  std::vector<std::byte> was_;
};

bool overlap(Bytes a, Bytes b) { return a.data() < b.data() + b.size() && b.data() < a.data() + a.size(); }

// The bytes at the text of an attribute; empty: they cannot be written without harm to what libdw reads next.
std::span<std::byte> place_of_text(const char* text, std::size_t size, const ElfFile& image) {
  const Bytes all = image.bytes();
  const Bytes place(reinterpret_cast<const std::byte*>(text), size);
  if (text == nullptr || place.data() < all.data() || place.data() + size > all.data() + all.size() ||
      overlap(place, image.section(".debug_info")) || overlap(place, image.section(".debug_abbrev")))
    return {};
  return {const_cast<std::byte*>(place.data()), size};
}

}  // namespace

Result<std::unique_ptr<DwarfPackage>> DwarfPackage::find(const ElfFile& file, const Cache& cache) {
  constexpr std::string_view separate = ".debug";
  std::string path = file.path() + ".dwp";
  if (::access(path.c_str(), R_OK) != 0 && file.path().ends_with(separate))
    path = file.path().substr(0, file.path().size() - separate.size()) + ".dwp";
  if (::access(path.c_str(), R_OK) != 0) return nullptr;
  DTP_TRY(base::Mapping mapping, base::map_file(path));
  const std::size_t size = mapping.bytes().size();
  // Some tools write a relocatable file, which has nothing to relocate.
  DTP_TRY(ElfFile package, ElfFile::of_image(path, std::move(mapping), size));
  if (has_compressed_sections(package)) {
    DTP_TRY(package, inflate(package, cache));
  }
  std::unique_ptr<DwarfPackage> found(new DwarfPackage(std::move(package)));
  const bool has_types = !found->file_.section(".debug_tu_index").empty();
  if (!found->read_index(".debug_cu_index", found->units_) ||
      (has_types && !found->read_index(".debug_tu_index", found->types_)))
    return fail({.what = fmt::format("the index of '{}' cannot be read", path),
                 .hint = "make the file again, or remove it",
                 .status = Status::wrong_request});
  return found;
}

bool DwarfPackage::read_index(const char* section, std::unordered_map<std::uint64_t, Unit>& units) {
  constexpr std::uint32_t most_columns = 16;
  const Bytes index = file_.section(section);
  base::Cursor header(index);
  version_ = header.read<std::uint32_t>() & 0xffff;
  const auto columns = header.read<std::uint32_t>();
  const auto rows = header.read<std::uint32_t>();
  const auto slots = header.read<std::uint32_t>();
  if (header.failed() || (version_ != 2 && version_ != 5) || columns > most_columns) return false;
  constexpr std::size_t word = sizeof(std::uint32_t);
  base::Cursor ids(index, header.offset());
  ids.skip(std::size_t{slots} * sizeof(std::uint64_t));
  base::Cursor row_numbers = ids;
  ids.skip(std::size_t{slots} * word);
  std::vector<std::uint32_t> kinds_of(columns);
  for (std::uint32_t& kind : kinds_of) kind = ids.read<std::uint32_t>();
  const std::size_t table = ids.offset();
  const std::size_t row_size = columns * word;
  ids.skip(2 * std::size_t{rows} * row_size);
  if (ids.failed()) return false;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    const auto id = header.read<std::uint64_t>();
    const auto row = row_numbers.read<std::uint32_t>();
    if (row == 0) continue;
    if (row > rows) return false;
    Unit unit;
    base::Cursor offsets(index, table + (row - 1) * row_size);
    base::Cursor sizes(index, table + (std::size_t{rows} + row - 1) * row_size);
    for (const std::uint32_t kind : kinds_of) {
      const Slice slice{offsets.read<std::uint32_t>(), sizes.read<std::uint32_t>()};
      if (kind < unit.size()) unit[kind] = slice;
    }
    units[id] = unit;
  }
  return true;
}

Bytes DwarfPackage::piece(const Unit& unit, std::size_t kind) const {
  const std::string_view name = section_name(version_, kind);
  if (unit[kind].size == 0 || name.empty()) return {};
  return base::Cursor(file_.section(name), unit[kind].offset).take(unit[kind].size);
}

// The types that a unit's bytes mention by their signatures, and those that these mention.
std::vector<const DwarfPackage::Unit*> DwarfPackage::types_of(Bytes info) const {
  std::vector<const Unit*> found;
  if (types_.empty()) return found;
  std::vector<bool> begins(1 << 16);  // most places of the bytes are no signature by their first two bytes
  for (const auto& [signature, unit] : types_) begins[signature & 0xffff] = true;
  std::unordered_set<std::uint64_t> seen;
  std::vector<Bytes> left{info};
  while (!left.empty()) {
    const Bytes bytes = left.back();
    left.pop_back();
    for (std::size_t at = 0; at + sizeof(std::uint64_t) <= bytes.size(); ++at) {
      std::uint64_t signature = 0;
      std::memcpy(&signature, bytes.data() + at, sizeof signature);
      if (!begins[signature & 0xffff]) continue;
      const auto type = types_.find(signature);
      if (type == types_.end() || !seen.insert(signature).second) continue;
      found.push_back(&type->second);
      left.push_back(piece(type->second, version_ == 5 ? kind_info : kind_types));
    }
  }
  return found;
}

std::optional<std::vector<std::byte>> DwarfPackage::split_file(std::uint64_t id) const {
  const auto found = units_.find(id);
  if (found == units_.end()) return std::nullopt;
  const Unit& unit = found->second;
  SplitFile file(version_, file_.section(".debug_str.dwo"));
  for (const std::size_t kind : {4, 5, 7, 8})  // those of types are for their lines only
    if (const Bytes contents = piece(unit, kind); !contents.empty())
      file.add_section(section_name(version_, kind), contents);
  const Bytes info = piece(unit, kind_info);
  if (info.empty() || !file.add_unit(info, piece(unit, kind_abbreviations), piece(unit, kind_str_offsets)))
    return std::nullopt;
  for (const Unit* type : types_of(info))
    file.add_type(piece(*type, version_ == 5 ? kind_info : kind_types), piece(*type, kind_abbreviations),
                  piece(*type, kind_str_offsets));
  return file.finish();
}

void DwarfPackage::link(const Dwarf_Die& skeleton, const ElfFile& image) {
  std::uint8_t type = 0;
  std::uint64_t id = 0;
  Dwarf_Die unit = skeleton;
  if (unit.cu == nullptr || !linked_.insert(unit.addr).second) return;
  if (dwarf_cu_info(unit.cu, nullptr, &type, nullptr, nullptr, &id, nullptr, nullptr) != 0 || type != DW_UT_skeleton)
    return;
  const auto split = split_file(id);
  if (!split) return;
  const base::Fd fd = memory_file(*split);
  Dwarf_Attribute attribute;
  if (!fd || (dwarf_attr(&unit, DW_AT_dwo_name, &attribute) == nullptr &&
              dwarf_attr(&unit, DW_AT_GNU_dwo_name, &attribute) == nullptr))
    return;
  const std::string path = fmt::format("/proc/self/fd/{}", fd.get());
  const std::span<std::byte> place = place_of_text(dwarf_formstring(&attribute), path.size() + 1, image);
  if (place.empty()) return;
  const Overwritten name(place, {path.c_str(), path.size() + 1});
  whole_unit(unit);
}

Result<base::Mapping> copy_of(const ElfFile& file, Bytes more) {
  const Bytes bytes = file.bytes();
  const std::size_t size = bytes.size() + more.size();
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return fail(base::system_error("cannot copy", file.path(), errno));
  base::Mapping copy(data, size);
  std::memcpy(data, bytes.data(), bytes.size());
  if (!more.empty()) std::memcpy(static_cast<std::byte*>(data) + bytes.size(), more.data(), more.size());
  return copy;
}

Result<ElfFile> writable_copy(const ElfFile& file) {
  DTP_TRY(base::Mapping copy, copy_of(file, {}));
  const std::size_t size = copy.bytes().size();
  return ElfFile::of_image(file.path(), std::move(copy), size);
}

}  // namespace dtp::debug
