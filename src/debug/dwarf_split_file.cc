// Each unit of a type has the abbreviations and the strings of the .dwo file that it comes from (DWARF 5, 7.3.5). One
// .dwo file has one section of each kind, so those of several are put one behind the other. Where a unit's
// abbreviations begin, its header says. Where its strings begin is DW_AT_str_offsets_base, which split units do
// without. As lines are of no use to a type, DW_AT_stmt_list, which has the same size, becomes that attribute.
#include "debug/dwarf_split_file.h"

#include <dwarf.h>
#include <elf.h>

#include <cstring>
#include <string>

#include "base/cursor.h"

namespace dtp::debug {
namespace {

using Bytes = SplitFile::Bytes;

void append(std::vector<std::byte>& bytes, Bytes more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

void overwrite(std::vector<std::byte>& bytes, std::size_t place, std::uint32_t number) {
  std::memcpy(bytes.data() + place, &number, sizeof number);
}

// An ELF file of sections alone.
class ElfWriter {
 public:
  ElfWriter() : bytes_(sizeof(Elf64_Ehdr)) { add_header("", SHT_NULL, 0, 0); }

  void add(std::string_view name, Bytes contents) {
    add_header(name, SHT_PROGBITS, bytes_.size(), contents.size());
    append(bytes_, contents);
  }

  std::vector<std::byte> finish() {
    add_header(".shstrtab", SHT_STRTAB, bytes_.size(), 0);
    headers_.back().sh_size = names_.size();
    append(bytes_, std::as_bytes(std::span(names_)));
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
    Elf64_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_shoff = bytes_.size();
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<Elf64_Half>(headers_.size());
    header.e_shstrndx = static_cast<Elf64_Half>(headers_.size() - 1);
    std::memcpy(bytes_.data(), &header, sizeof header);
    append(bytes_, std::as_bytes(std::span(headers_)));
    return std::move(bytes_);
  }

 private:
  void add_header(std::string_view name, Elf64_Word type, std::size_t offset, std::size_t size) {
    Elf64_Shdr header = {};
    header.sh_name = static_cast<Elf64_Word>(names_.size());
    header.sh_type = type;
    header.sh_offset = offset;
    header.sh_size = size;
    header.sh_addralign = 1;
    headers_.push_back(header);
    names_ += name;
    names_ += '\0';
  }

  std::vector<std::byte> bytes_;
  std::vector<Elf64_Shdr> headers_ = {};
  std::string names_ = {};
};

// The header of a type's unit (DWARF 4, 7.5.1.2; DWARF 5, 7.5.1.3): where the offset of its abbreviations stands, and
// where its first DIE. Only the 32-bit format is read.
struct TypeHeader {
  std::size_t abbreviations = 0;
  std::size_t die = 0;
};
std::optional<TypeHeader> type_header(Bytes unit) {
  constexpr std::uint32_t begin_of_64_bits = 0xfffffff0;
  base::Cursor cursor(unit);
  const auto length = cursor.read<std::uint32_t>();
  const auto version = cursor.read<std::uint16_t>();
  const TypeHeader header = version == 5 ? TypeHeader{8, 24} : TypeHeader{6, 23};
  if (cursor.failed() || length >= begin_of_64_bits || version < 4 || version > 5 || unit.size() < header.die)
    return std::nullopt;
  return header;
}

// False: it is none of the few that the DIE of a type's unit has.
bool skip_value(base::Cursor& cursor, std::uint64_t form) {
  switch (form) {
    case DW_FORM_flag_present:
    case DW_FORM_implicit_const: return true;
    case DW_FORM_data1:
    case DW_FORM_strx1:
    case DW_FORM_flag: cursor.skip(1); return true;
    case DW_FORM_data2:
    case DW_FORM_strx2: cursor.skip(2); return true;
    case DW_FORM_strx3: cursor.skip(3); return true;
    case DW_FORM_data4:
    case DW_FORM_strx4:
    case DW_FORM_sec_offset: cursor.skip(4); return true;
    case DW_FORM_data8: cursor.skip(8); return true;
    case DW_FORM_udata:
    case DW_FORM_strx:
    case DW_FORM_GNU_str_index: cursor.read_leb128(); return true;
    case DW_FORM_string: cursor.read_c_string(); return true;
    default: return false;
  }
}

// Where in the abbreviations DW_AT_stmt_list stands, and where its value.
struct LineList {
  std::size_t name = 0;
  std::size_t value = 0;
};
std::optional<LineList> find_line_list(Bytes unit, const TypeHeader& header, Bytes abbreviations) {
  base::Cursor die(unit, header.die);
  const std::uint64_t wanted = die.read_leb128();
  base::Cursor cursor(abbreviations, base::Cursor(unit, header.abbreviations).read<std::uint32_t>());
  while (!cursor.failed() && !die.failed()) {
    const std::uint64_t code = cursor.read_leb128();
    if (code == 0) return std::nullopt;
    cursor.read_leb128();  // tag
    cursor.skip(1);        // whether there are children
    while (!cursor.failed()) {
      const std::size_t place = cursor.offset();
      const std::uint64_t name = cursor.read_leb128();
      const std::uint64_t form = cursor.read_leb128();
      if (form == DW_FORM_implicit_const) cursor.read_leb128();
      if (name == 0 && form == 0) break;
      if (code != wanted) continue;
      if (name == DW_AT_stmt_list && (form == DW_FORM_sec_offset || form == DW_FORM_data4) && die.left() >= 4)
        return LineList{place, die.offset()};
      if (!skip_value(die, form)) return std::nullopt;
    }
    if (code == wanted) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::uint32_t SplitFile::place_of_abbreviations(Bytes abbreviations) {
  const auto [known, is_new] = places_.emplace(abbreviations.data(), static_cast<std::uint32_t>(abbreviations_.size()));
  if (is_new) append(abbreviations_, abbreviations);
  return known->second;
}

// The offsets are rewritten to those of the strings that are taken along. Since DWARF 5 a header stands before them.
std::optional<std::uint32_t> SplitFile::place_of_strings(Bytes offsets) {
  constexpr std::size_t header_size = 8;
  const std::size_t header = version_ == 5 ? header_size : 0;
  const auto begin = static_cast<std::uint32_t>(string_offsets_.size() + header);
  const auto [known, is_new] = places_.emplace(offsets.data(), begin);
  if (!is_new) return known->second;
  base::Cursor cursor(offsets);
  append(string_offsets_, cursor.take(header));
  while (cursor.left() >= sizeof(std::uint32_t)) {
    base::Cursor at(all_text_, cursor.read<std::uint32_t>());
    const std::string_view text = at.read_c_string();
    if (at.failed()) return std::nullopt;
    const auto offset = static_cast<std::uint32_t>(text_.size());
    append(string_offsets_, std::as_bytes(std::span(&offset, 1)));
    append(text_, std::as_bytes(std::span(text)));
    text_.push_back(std::byte{0});
  }
  return cursor.failed() ? std::nullopt : std::optional(begin);
}

bool SplitFile::add_unit(Bytes unit, Bytes abbreviations, Bytes string_offsets) {
  append(units_, unit);
  place_of_abbreviations(abbreviations);
  return string_offsets.empty() || place_of_strings(string_offsets);
}

bool SplitFile::add_type(Bytes unit, Bytes abbreviations, Bytes string_offsets) {
  const auto header = type_header(unit);
  if (!header) return false;
  const auto line_list = find_line_list(unit, *header, abbreviations);
  const auto strings = string_offsets.empty() ? std::nullopt : place_of_strings(string_offsets);
  if (!string_offsets.empty() && (!line_list || !strings)) return false;
  const std::uint32_t own = place_of_abbreviations(abbreviations);
  std::vector<std::byte>& section = version_ == 5 ? units_ : types_;
  const std::size_t begin = section.size();
  append(section, unit);
  overwrite(section, begin + header->abbreviations,
            own + base::Cursor(unit, header->abbreviations).read<std::uint32_t>());
  if (!strings) return true;
  overwrite(section, begin + line_list->value, *strings);
  abbreviations_[own + line_list->name] = std::byte{DW_AT_str_offsets_base};
  abbreviations_[own + line_list->name + 1] = std::byte{DW_FORM_sec_offset};
  return true;
}

std::vector<std::byte> SplitFile::finish() const {
  ElfWriter writer;
  for (const auto& [name, contents] : sections_) writer.add(name, contents);
  writer.add(".debug_info.dwo", units_);
  if (!types_.empty()) writer.add(".debug_types.dwo", types_);
  writer.add(".debug_abbrev.dwo", abbreviations_);
  if (!string_offsets_.empty()) {
    writer.add(".debug_str_offsets.dwo", string_offsets_);
    writer.add(".debug_str.dwo", text_);
  }
  return writer.finish();
}

}  // namespace dtp::debug
