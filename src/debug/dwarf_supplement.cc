// libdw 0.188 takes DW_FORM_ref_sup4 (DWARF 5, 7.5.5) for a reference within the file: other types than the right ones,
// in silence. DW_FORM_GNU_ref_alt means the same, has the same size, and libdw follows it. Only its number is longer,
// so the abbreviations are written anew, at the end of a copy of the file, and the units' headers are told where theirs
// are.
#include "debug/dwarf_supplement.h"

#include <dwarf.h>
#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <map>
#include <vector>

#include "base/cursor.h"
#include "debug/dwarf_package.h"
#include "debug/dwarf_units.h"

namespace dtp::debug {
namespace {

using Bytes = std::span<const std::byte>;

void append(std::vector<std::byte>& bytes, Bytes more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

// One table, up to its end; false: it is damaged.
bool translate(base::Cursor cursor, Bytes abbreviations, std::vector<std::byte>& out) {
  constexpr std::array gnu_reference{std::byte{0xa0}, std::byte{0x3e}};  // DW_FORM_GNU_ref_alt, as LEB128
  std::size_t copied = cursor.offset();
  const auto copy_until = [&](std::size_t end) { append(out, abbreviations.subspan(copied, end - copied)); };
  while (cursor.read_leb128() != 0) {
    cursor.read_leb128();  // tag
    cursor.skip(1);        // whether there are children
    for (bool is_end = false; !is_end && !cursor.failed();) {
      const std::uint64_t name = cursor.read_leb128();
      const std::size_t place = cursor.offset();
      const std::uint64_t form = cursor.read_leb128();
      if (form == DW_FORM_implicit_const) cursor.read_leb128();
      is_end = name == 0 && form == 0;
      if (form != DW_FORM_ref_sup4 || cursor.failed()) continue;
      copy_until(place);
      append(out, gnu_reference);
      copied = place + 1;
    }
    if (cursor.failed()) return false;
  }
  if (cursor.failed()) return false;
  copy_until(cursor.offset());
  return true;
}

// Where in a unit's header the offset of its abbreviations stands; none: a format that is not read.
std::optional<std::size_t> place_of_offset(Bytes info, std::uint64_t unit) {
  constexpr std::uint32_t begin_of_64_bits = 0xfffffff0;
  base::Cursor cursor(info, unit);
  const auto length = cursor.read<std::uint32_t>();
  const auto version = cursor.read<std::uint16_t>();
  if (cursor.failed() || length >= begin_of_64_bits) return std::nullopt;
  return unit + (version >= 5 ? 8 : 6);
}

void overwrite(std::span<std::byte> bytes, std::size_t place, const auto& value) {
  std::memcpy(bytes.data() + place, &value, sizeof value);
}

// The header of the section whose contents are at this place.
std::optional<std::size_t> header_of(Bytes image, std::size_t offset, std::size_t size) {
  const auto header = base::Cursor(image).read<Elf64_Ehdr>();
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const std::size_t place = header.e_shoff + i * sizeof(Elf64_Shdr);
    base::Cursor cursor(image, place);
    const auto section = cursor.read<Elf64_Shdr>();
    if (!cursor.failed() && section.sh_type == SHT_PROGBITS && section.sh_offset == offset && section.sh_size == size)
      return place;
  }
  return std::nullopt;
}

// The abbreviations of all units, translated, and the offsets at which they stand now, by the places of the old ones.
struct Translated {
  std::vector<std::byte> abbreviations = {};
  std::vector<std::pair<std::size_t, std::uint32_t>> offsets = {};
};
std::optional<Translated> translate_all(Bytes info, Bytes abbreviations) {
  Translated result;
  std::map<std::uint32_t, std::uint32_t> known;
  for (const std::uint64_t unit : unit_offsets(info)) {
    const auto place = place_of_offset(info, unit);
    if (!place) return std::nullopt;
    base::Cursor cursor(info, *place);
    const auto offset = cursor.read<std::uint32_t>();
    const auto [table, is_new] = known.emplace(offset, static_cast<std::uint32_t>(result.abbreviations.size()));
    if (cursor.failed() ||
        (is_new && !translate(base::Cursor(abbreviations, offset), abbreviations, result.abbreviations)))
      return std::nullopt;
    result.offsets.emplace_back(*place, table->second);
  }
  return result;
}

}  // namespace

Result<ElfFile> with_gnu_references(const ElfFile& file) {
  const Bytes all = file.bytes(), info = file.section(".debug_info"), abbreviations = file.section(".debug_abbrev");
  const auto translated = translate_all(info, abbreviations);
  const auto is_within = [&](Bytes section) {
    return section.data() >= all.data() && section.data() + section.size() <= all.data() + all.size();
  };
  const auto header =
      is_within(abbreviations)
          ? header_of(all, static_cast<std::size_t>(abbreviations.data() - all.data()), abbreviations.size())
          : std::nullopt;
  if (!translated || !is_within(info) || !header)
    return fail({.what = fmt::format("the abbreviations of '{}' cannot be read", file.path()),
                 .hint = "let dwz write it without --dwarf-5",
                 .status = Status::not_possible});
  DTP_TRY(base::Mapping copy, copy_of(file, translated->abbreviations));
  const std::span<std::byte> image(const_cast<std::byte*>(copy.bytes().data()), copy.bytes().size());
  const auto info_begin = static_cast<std::size_t>(info.data() - all.data());
  for (const auto& [place, offset] : translated->offsets) overwrite(image, info_begin + place, offset);
  overwrite(image, *header + offsetof(Elf64_Shdr, sh_offset), Elf64_Off{all.size()});
  overwrite(image, *header + offsetof(Elf64_Shdr, sh_size), Elf64_Xword{translated->abbreviations.size()});
  return ElfFile::of_image(file.path(), std::move(copy), image.size());
}

}  // namespace dtp::debug
