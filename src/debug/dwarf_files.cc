// DWZ moves DIEs that several units, or several files, share to partial units (DWARF 5, 3.1.1 and E.1). A name then
// stands in the partial unit only, and the units that have the code refer to its DIE by an offset into .debug_info of
// their own file or of the supplementary one (DWARF 5, 7.3.6; before it .gnu_debugaltlink). References between units
// take four bytes, as offsets into .debug_str do, so the same search of raw bytes finds both.
#include "debug/dwarf_files.h"

#include <elfutils/libdwfl.h>

#include <algorithm>
#include <map>

#include "debug/dwarf_die.h"
#include "debug/dwarf_supplement.h"
#include "debug/dwarf_units.h"
#include "debug/find.h"
#include "debug/inflate.h"

namespace dtp::debug {
namespace {

using Bytes = std::span<const std::byte>;

// DIEs of one name in partial units: more, and all units are walked instead.
constexpr std::size_t most_shared = 64;
// Offsets that read as one name: more, and to search for all of them costs more than it saves.
constexpr std::size_t most_needles = 8;

template <class Visit>
bool walk_units(Dwarf* dwarf, const Visit& visit) {
  Dwarf_Die die;
  Dwarf_CU* unit = nullptr;
  while (dwarf_get_units(dwarf, unit, &unit, nullptr, nullptr, &die, nullptr) == 0) {
    if (visit(die)) return true;
  }
  return false;
}

// The units of types in a .dwo file.
bool walk_types(Dwarf* dwarf, const DwarfFiles::Visit& visit) {
  return walk_units(dwarf, [&](Dwarf_Die& unit) { return dwarf_tag(&unit) == DW_TAG_type_unit && visit(unit, false); });
}

// Partial units, and those that gcc's link-time optimizer leaves behind with nothing but declarations. No function
// refers into the unit of a type for its name.
bool has_no_code(Dwarf_Die& unit) {
  return dwarf_tag(&unit) != DW_TAG_type_unit && !has_attribute(unit, DW_AT_low_pc) &&
         !has_attribute(unit, DW_AT_ranges);
}

// Whether another unit may have more of such a DIE. A type or an enumerator is all in one place.
bool is_shared(Dwarf_Die& die, Named wanted) {
  switch (wanted) {
    case Named::anything: return true;
    case Named::global:
      return dwarf_tag(&die) == DW_TAG_variable || (dwarf_tag(&die) == DW_TAG_member && is_declaration(die));
    case Named::enumerator:
    case Named::type: return false;
  }
  return true;
}

void collect_named(Dwarf_Die& parent, std::string_view name, Named wanted, std::vector<std::uint32_t>& offsets,
                   int depth) {
  constexpr int deepest = 16;
  Dwarf_Die child;
  if (depth > deepest || dwarf_child(&parent, &child) != 0) return;
  do {
    const char* found = dwarf_diename(&child);
    if (found != nullptr && name == found && is_shared(child, wanted))
      offsets.push_back(static_cast<std::uint32_t>(dwarf_dieoffset(&child)));
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_namespace || tag == DW_TAG_structure_type || tag == DW_TAG_class_type)
      collect_named(child, name, wanted, offsets, depth + 1);
  } while (dwarf_siblingof(&child, &child) == 0);
}

// Units by indexed strings: each has a piece of .debug_str_offsets (DWARF 5, 7.26).
std::vector<std::uint64_t> units_by_index(Dwarf* dwarf, Bytes table, std::span<const std::uint32_t> strings) {
  std::vector<std::uint64_t> places = places_of(table, strings);
  std::erase_if(places, [](std::uint64_t place) { return place % sizeof(std::uint32_t) != 0; });
  std::vector<std::uint64_t> found;
  if (places.empty()) return found;
  std::map<std::uint64_t, std::uint64_t> unit_of_base;
  walk_units(dwarf, [&](Dwarf_Die& unit) {
    Dwarf_Attribute attribute;
    Dwarf_Word base = 0;
    if (dwarf_attr(&unit, DW_AT_str_offsets_base, &attribute) != nullptr && dwarf_formudata(&attribute, &base) == 0)
      unit_of_base[base] = dwarf_dieoffset(&unit) - dwarf_cuoffset(&unit);
    return false;
  });
  for (const std::uint64_t place : places)
    if (const auto after = unit_of_base.upper_bound(place); after != unit_of_base.begin())
      found.push_back(std::prev(after)->second);
  return found;
}

// Appends the units of these offsets that are not there yet.
void add_units(Dwarf* dwarf, const std::vector<std::uint64_t>& offsets, std::vector<Dwarf_Die>& units) {
  for (const std::uint64_t offset : offsets)
    if (const auto unit = unit_die(dwarf, offset);
        unit && std::ranges::none_of(units, [&](const Dwarf_Die& u) { return u.addr == unit->addr; }))
      units.push_back(*unit);
}

}  // namespace

DwarfFiles::DwarfFiles(std::shared_ptr<const Binary> binary, OwnedDwarf dwarf)
    : binary_(std::move(binary)), dwarf_(std::move(dwarf)) {}

// Every unit's header is a page to be mapped: most requests do without.
const std::vector<std::uint64_t>& DwarfFiles::own_units() const {
  if (own_units_.empty()) own_units_ = unit_offsets(file().section(".debug_info"));
  return own_units_;
}

Result<DwarfFiles> DwarfFiles::open(std::shared_ptr<const Binary> binary, const Cache& cache) {
  std::unique_ptr<DwarfPackage> package;
  if (!binary->file.is_relocatable() && has_skeletons(binary->file)) {
    DTP_TRY(package, DwarfPackage::find(binary->file, cache));
  }
  const bool is_translated = !binary->file.is_relocatable() && binary->file.supplement().is_dwarf_5;
  if (package || is_translated) {
    DTP_TRY(ElfFile copy, is_translated ? with_gnu_references(binary->file) : writable_copy(binary->file));
    Symbols symbols = Symbols::of_elf(copy);
    binary = std::make_shared<const Binary>(Binary{std::move(copy), std::move(symbols)});
  }
  const ElfFile& file = binary->file;
  Dwarf_Addr bias = 0;
  OwnedDwarf dwarf = file.is_relocatable() ? OwnedDwarf(dwfl_module_getdwarf(file.module(), &bias), EndDwarf{false})
                                           : OwnedDwarf(dwarf_begin_elf(file.handle(), DWARF_C_READ, nullptr));
  if (!dwarf) return fail({.what = "cannot read the debug information of '" + file.path() + "': " + dwarf_errmsg(-1)});
  DwarfFiles files(std::move(binary), std::move(dwarf));
  files.package_ = std::move(package);
  DTP_CHECK(files.open_supplement(cache));
  return files;
}

Result<void> DwarfFiles::open_supplement(const Cache& cache) {
  if (file().is_relocatable() || file().supplement().name.empty()) return {};
  const Search search = find_supplement(file());
  if (search.found.empty())
    return fail({.what = "'" + file().path() + "' shares debug information with '" + file().supplement().name +
                         "', which is not there" + looked_text(search),
                 .hint = "install the package of debug symbols again, with all that it needs",
                 .status = Status::not_possible});
  DTP_TRY(ElfFile supplement, ElfFile::open(search.found));
  if (has_compressed_sections(supplement)) {
    DTP_TRY(supplement, inflate(supplement, cache));
  }
  supplement_file_ = std::make_unique<ElfFile>(std::move(supplement));
  supplement_ = OwnedDwarf(dwarf_begin_elf(supplement_file_->handle(), DWARF_C_READ, nullptr));
  if (!supplement_)
    return fail({.what = "cannot read the debug information of '" + search.found + "': " + dwarf_errmsg(-1)});
  dwarf_setalt(dwarf_.get(), supplement_.get());
  return {};
}

void DwarfFiles::each_unit(const Visit& visit) const {
  // DWZ writes partial units before all others.
  bool refers = supplement_ != nullptr;
  const auto visit_unit = [&](Dwarf_Die& found) {
    Dwarf_Die unit = whole(found);
    refers = refers || has_no_code(unit);
    const bool is_split = unit.addr != found.addr;
    return visit(unit, refers) || (is_split && walk_types(dwarf_cu_getdwarf(unit.cu), visit));
  };
  if (!walk_units(dwarf(), visit_unit) && supplement_) walk_units(supplement_.get(), visit_unit);
}

Dwarf_Die DwarfFiles::whole(const Dwarf_Die& unit) const {
  if (package_) package_->link(unit, file());
  const Dwarf_Die whole = whole_unit(unit);
  if (whole.addr != unit.addr) split_files_.insert(dwarf_cu_getdwarf(whole.cu));
  return whole;
}

std::optional<Dwarf_Die> DwarfFiles::type_at(std::uint64_t key) const {
  Dwarf_Die die;
  if (find_die(dwarf(), key, die)) return die;
  for (Dwarf* split : split_files_)
    if (find_die(split, key, die)) return die;
  return std::nullopt;
}

std::optional<Dwarf_Die> DwarfFiles::unit_at(std::uint64_t address) const {
  if (const auto offset = debug::unit_at(file(), address)) {
    const auto unit = unit_die(dwarf(), *offset);
    return unit ? std::optional(whole(*unit)) : std::nullopt;
  }
  Dwarf_Die die;
  if (dwarf_addrdie(dwarf(), address, &die) != nullptr) return whole(die);
  // clang writes no .debug_aranges.
  Dwarf_CU* unit = nullptr;
  while (dwarf_get_units(dwarf(), unit, &unit, nullptr, nullptr, &die, nullptr) == 0)
    if (dwarf_haspc(&die, address) > 0) return whole(die);
  return std::nullopt;
}

void DwarfFiles::expect(std::span<const std::string> names) {
  constexpr std::size_t few = 16;  // are searched for one by one in less time
  if (names.size() < few || file().is_relocatable()) return;
  std::vector<std::uint32_t> wanted;
  for (const std::string& name : names)
    if (const auto offsets = string_offsets(file().section(".debug_str"), name); offsets.size() <= most_needles)
      wanted.insert(wanted.end(), offsets.begin(), offsets.end());
  expected_ = places_by_number(file().section(".debug_info"), wanted);
}

std::vector<std::uint64_t> DwarfFiles::places_of_strings(std::span<const std::uint32_t> offsets) const {
  std::vector<std::uint64_t> places;
  for (const std::uint32_t offset : offsets) {
    const auto known = expected_.find(offset);
    if (known == expected_.end()) return places_of(file().section(".debug_info"), offsets);
    places.insert(places.end(), known->second.begin(), known->second.end());
  }
  return places;
}

std::optional<DwarfFiles::Mentioning> DwarfFiles::units_mentioning(std::string_view name, Named wanted) const {
  const Bytes info = file().section(".debug_info");
  const Bytes strings = file().section(".debug_str");
  // Relocatable files have no offsets yet, the strings of split units are in other files; DWARF 4 keeps the units of
  // types apart.
  if (info.empty() || file().is_relocatable() || has_skeletons(file()) || file().has_section(".debug_types"))
    return std::nullopt;
  const Bytes table = file().section(".debug_str_offsets");
  const bool is_by_kind = wanted != Named::anything && !supplement_ && table.empty();
  const std::vector<std::uint32_t> own = string_offsets(strings, name);
  if (!is_by_kind && own.size() > most_needles) return std::nullopt;
  std::vector<std::uint32_t> needles = own;
  Mentioning found;
  std::vector<Dwarf_Die> shared;
  if (supplement_) {
    const auto others = string_offsets(supplement_file_->section(".debug_str"), name);
    if (others.size() > most_needles) return std::nullopt;
    const Bytes other_info = supplement_file_->section(".debug_info");
    std::vector<std::uint64_t> places = places_of(other_info, others);
    if (name.size() < 4) std::ranges::copy(places_of_text(other_info, name), std::back_inserter(places));
    add_units(supplement_.get(), units_around(unit_offsets(other_info), std::move(places)), shared);
    needles.insert(needles.end(), others.begin(), others.end());
  }
  // Names shorter than an offset stand for themselves, and all of them where there are no offsets.
  const std::string_view text = name.size() < sizeof(std::uint32_t) || strings.empty() ? name : "";
  if (is_by_kind) {
    const Bytes abbreviations = file().section(".debug_abbrev");
    add_units(dwarf(), units_naming(wanted, info, abbreviations, own_units(), {text, own}), found.units);
  } else {
    std::vector<std::uint64_t> places = places_of_strings(needles);
    if (!text.empty()) std::ranges::copy(places_of_text(info, text), std::back_inserter(places));
    add_units(dwarf(), units_around(own_units(), std::move(places)), found.units);
    if (!table.empty()) add_units(dwarf(), units_by_index(dwarf(), table, own), found.units);
  }
  std::ranges::sort(found.units, {}, [](Dwarf_Die& unit) { return key_of(unit); });
  std::vector<std::uint32_t> offsets;
  for (Dwarf_Die& unit : shared) collect_named(unit, name, wanted, offsets, 0);
  for (Dwarf_Die& unit : found.units)
    if (has_no_code(unit)) collect_named(unit, name, wanted, offsets, 0);
  if (offsets.size() > most_shared) return std::nullopt;
  if (!offsets.empty()) add_units(dwarf(), units_around(own_units(), places_of(info, offsets)), found.referring);
  found.units.insert(found.units.end(), shared.begin(), shared.end());
  return found;
}

bool DwarfFiles::is_plain() const {
  if (file().is_relocatable() || supplement_ || file().has_section(".debug_str_offsets") ||
      file().has_section(".debug_types") || has_skeletons(file()))
    return false;
  auto first = unit_die(dwarf(), 0);
  return first && !has_no_code(*first);
}

void DwarfFiles::each_unit_mentioning(std::string_view name, const Visit& visit, Named wanted) const {
  auto found = units_mentioning(name, wanted);
  if (!found) return each_unit(visit);
  for (Dwarf_Die& unit : found->units)
    if (visit(unit, false)) return;
  for (Dwarf_Die& unit : found->referring)
    if (visit(unit, true)) return;
}

void DwarfFiles::each_unit_matching(const std::string& pattern, const Visit& visit) const {
  const Bytes info = file().section(".debug_info");
  const auto places = is_plain() ? places_of_matching(info, file().section(".debug_str"), pattern) : std::nullopt;
  if (!places) return each_unit(visit);
  for (const std::uint64_t offset : units_around(own_units(), *places))
    if (auto unit = unit_die(dwarf(), offset); unit && visit(*unit, false)) return;
}

}  // namespace dtp::debug
