// libdw runs the whole line program before it tells the names in its header: 0.2 s for a kernel, of whose 3,000 tables
// one or two name the file that is asked for. The header of a table is read here instead (DWARF 5, 6.2.4; before it
// DWARF 4, 6.2.4).
#include "debug/line_names.h"

#include <dwarf.h>

#include <optional>
#include <vector>

#include "base/cursor.h"
#include "debug/source_path.h"

namespace dtp::debug {
namespace {

using Bytes = std::span<const std::byte>;

struct Sections {
  Bytes line_strings;
  Bytes strings;
};

// What an entry's field says when it is text. False: a form that is not known here.
bool read_field(base::Cursor& cursor, std::uint64_t form, const Sections& sections, std::string_view& text) {
  switch (form) {
    case DW_FORM_string: text = cursor.read_c_string(); return true;
    case DW_FORM_line_strp:
      text = base::Cursor(sections.line_strings, cursor.read<std::uint32_t>()).read_c_string();
      return true;
    case DW_FORM_strp: text = base::Cursor(sections.strings, cursor.read<std::uint32_t>()).read_c_string(); return true;
    case DW_FORM_udata: cursor.read_leb128(); return true;
    case DW_FORM_data1: cursor.skip(1); return true;
    case DW_FORM_data2: cursor.skip(2); return true;
    case DW_FORM_data4: cursor.skip(4); return true;
    case DW_FORM_data8: cursor.skip(8); return true;
    case DW_FORM_data16: cursor.skip(16); return true;
    case DW_FORM_block: cursor.skip(cursor.read_leb128()); return true;
    default: return false;
  }
}

// One of the two lists of DWARF 5, directories or files. None: it cannot be read.
std::optional<bool> list_names(base::Cursor& cursor, const Sections& sections, std::string_view name) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> format(cursor.read<std::uint8_t>());
  for (auto& [content, form] : format) {
    content = cursor.read_leb128();
    form = cursor.read_leb128();
  }
  const std::uint64_t count = cursor.read_leb128();
  bool is_named = false;
  // Entries without fields would take no bytes, and a damaged count no end.
  for (std::uint64_t i = 0; i < count && !format.empty() && !cursor.failed(); ++i) {
    for (const auto& [content, form] : format) {
      std::string_view text;
      if (!read_field(cursor, form, sections, text)) return std::nullopt;
      if (content == DW_LNCT_path && last_component(text) == name) is_named = true;
    }
  }
  if (cursor.failed()) return std::nullopt;
  return is_named;
}

std::optional<bool> old_list_names(base::Cursor& cursor, std::string_view name) {
  while (!cursor.read_c_string().empty()) continue;
  for (;;) {
    const std::string_view file = cursor.read_c_string();
    if (cursor.failed()) return std::nullopt;
    if (file.empty()) return false;
    if (last_component(file) == name) return true;
    for (int field = 0; field < 3; ++field) cursor.read_leb128();
  }
}

}  // namespace

bool may_name_file(const ElfFile& file, std::uint64_t table, std::string_view path) {
  const Bytes lines = file.section(".debug_line");
  if (table >= lines.size()) return true;
  base::Cursor cursor(lines, table);
  // 64-bit DWARF does not occur here.
  if (cursor.read<std::uint32_t>() >= 0xfffffff0) return true;
  const auto version = cursor.read<std::uint16_t>();
  if (version < 2 || version > 5) return true;
  if (version == 5) cursor.skip(2);  // sizes of addresses and segments
  cursor.skip(sizeof(std::uint32_t));
  cursor.skip(version >= 4 ? 5 : 4);  // up to line_range
  const auto opcodes = cursor.read<std::uint8_t>();
  cursor.skip(opcodes == 0 ? 0 : opcodes - 1U);
  const std::string_view name = last_component(path);
  if (version < 5) return old_list_names(cursor, name).value_or(true);
  const Sections sections{file.section(".debug_line_str"), file.section(".debug_str")};
  if (!list_names(cursor, sections, "").has_value()) return true;
  return list_names(cursor, sections, name).value_or(true);
}

}  // namespace dtp::debug
