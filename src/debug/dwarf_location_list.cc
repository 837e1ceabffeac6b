// libdw believes the length that a list of DWARF 5 gives an expression when it is large enough to wrap the end of the
// section around. So a list is walked here before libdw sees it (DWARF 5, 7.7.3).
#include "debug/dwarf_location_list.h"

#include <dwarf.h>
#include <libelf.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/cursor.h"

namespace dtp::debug {
namespace {

bool is_sound_list(base::Cursor list) {
  constexpr unsigned view_pair = 9;  // DW_LLE_GNU_view_pair
  while (!list.failed()) {
    const unsigned kind = list.read<std::uint8_t>();
    switch (kind) {
      case DW_LLE_end_of_list: return !list.failed();
      case DW_LLE_base_addressx: list.read_leb128(); continue;
      case DW_LLE_base_address: list.skip(sizeof(Dwarf_Addr)); continue;
      case DW_LLE_startx_endx:
      case DW_LLE_startx_length:
      case DW_LLE_offset_pair:
      case view_pair:
        list.read_leb128();
        list.read_leb128();
        break;
      case DW_LLE_default_location: break;
      case DW_LLE_start_end: list.skip(2 * sizeof(Dwarf_Addr)); break;
      case DW_LLE_start_length:
        list.skip(sizeof(Dwarf_Addr));
        list.read_leb128();
        break;
      default: return false;
    }
    if (kind != view_pair) list.skip(list.read_leb128());
  }
  return false;
}

// Where the list begins: told by the attribute, or at an index of a table that the unit tells of.
std::optional<std::uint64_t> offset_of(Dwarf_Attribute& attribute, Dwarf_Die& unit, std::uint8_t offset_size,
                                       std::span<const std::byte> lists) {
  Dwarf_Word offset = 0;
  if (dwarf_whatform(&attribute) != DW_FORM_loclistx)
    return dwarf_formudata(&attribute, &offset) == 0 ? std::optional<std::uint64_t>(offset) : std::nullopt;
  // Behind the header of the section when the unit does not say.
  constexpr std::uint64_t short_header = 12, long_header = 20;
  const bool is_short = offset_size == sizeof(std::uint32_t);
  std::uint64_t base = is_short ? short_header : long_header;
  Dwarf_Attribute told;
  if (dwarf_attr(&unit, DW_AT_loclists_base, &told) != nullptr && dwarf_formudata(&told, &offset) == 0) base = offset;
  // libdw has seen the end of this number when it looked for the attribute.
  constexpr std::size_t longest_number = 10;
  base::Cursor index({reinterpret_cast<const std::byte*>(attribute.valp), longest_number});
  const std::uint64_t number = index.read_leb128();
  if (index.failed() || number > lists.size() || base > lists.size()) return std::nullopt;
  base::Cursor table(lists, std::min<std::uint64_t>(base + number * offset_size, lists.size()));
  const std::uint64_t entry = is_short ? table.read<std::uint32_t>() : table.read<std::uint64_t>();
  if (table.failed() || entry > lists.size()) return std::nullopt;
  return base + entry;
}

bool is_sound(Dwarf_Attribute& attribute) {
  constexpr Dwarf_Half first_with_lists = 5;
  Dwarf_Half version = 0;
  std::uint8_t offset_size = 0;
  Dwarf_Die unit;
  if (dwarf_cu_die(attribute.cu, &unit, &version, nullptr, nullptr, &offset_size, nullptr, nullptr) == nullptr)
    return false;
  if (version < first_with_lists) return true;
  const std::span<const std::byte> lists = lists_of(dwarf_cu_getdwarf(attribute.cu), version);
  const auto offset = offset_of(attribute, unit, offset_size, lists);
  return offset && is_sound_list(base::Cursor(lists, *offset));
}

}  // namespace

std::span<const std::byte> section_of(Dwarf* dwarf, std::string_view name) {
  Elf* elf = dwarf_getelf(dwarf);
  std::size_t names = 0;
  if (elf == nullptr || elf_getshdrstrndx(elf, &names) != 0) return {};
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr; section = elf_nextscn(elf, section)) {
    const Elf64_Shdr* header = elf64_getshdr(section);
    const char* called = header == nullptr ? nullptr : elf_strptr(elf, names, header->sh_name);
    if (called == nullptr || called != name) continue;
    const Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) return {};
    return {static_cast<const std::byte*>(data->d_buf), data->d_size};
  }
  return {};
}

std::span<const std::byte> lists_of(Dwarf* dwarf, unsigned version) {
  const std::string name = version >= 5 ? ".debug_loclists" : ".debug_loc";
  const auto lists = section_of(dwarf, name);
  return lists.empty() ? section_of(dwarf, name + ".dwo") : lists;
}

bool find_location(Dwarf_Die& die, unsigned name, Dwarf_Attribute& attribute) {
  if (dwarf_attr_integrate(&die, name, &attribute) == nullptr) return false;
  // Go writes DWARF 4 with the block forms of DWARF 3, which libdw refuses there. An expression's form differs in its
  // length only, a LEB128, which up to 127 is the one byte of DW_FORM_block1.
  constexpr Dwarf_Word longest = 127;
  Dwarf_Block block;
  if (dwarf_formblock(&attribute, &block) != 0) return is_sound(attribute);
  const unsigned form = dwarf_whatform(&attribute);
  if (form == DW_FORM_block || (form == DW_FORM_block1 && block.length <= longest)) attribute.form = DW_FORM_exprloc;
  return true;
}

}  // namespace dtp::debug
