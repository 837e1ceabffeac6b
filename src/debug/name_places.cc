// A DIE begins with the number of its abbreviation, which tells its tag and the forms of its attributes (DWARF 5, 7.5.2
// and 7.5.3). Compilers put the name first, or behind attributes of a fixed size. So from the place of a name one goes
// back that far, and looks whether the number of an abbreviation stands there that a wanted DIE may have.
#include "debug/name_places.h"

#include <dwarf.h>
#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <set>
#include <string>

#include "base/cursor.h"
#include "debug/dwarf_units.h"

namespace dtp::debug {
namespace {

using Bytes = std::span<const std::byte>;

struct Attribute {
  std::uint64_t name = 0;
  std::uint64_t form = 0;
};

struct Abbreviation {
  std::uint64_t code = 0;
  std::uint64_t tag = 0;
  std::vector<Attribute> attributes = {};

  std::optional<std::uint64_t> form_of(unsigned name) const {
    const auto found = std::ranges::find(attributes, name, &Attribute::name);
    return found == attributes.end() ? std::nullopt : std::optional(found->form);
  }
};

// A damaged abbreviation has the code 0, as the end of the table.
Abbreviation& read_abbreviation(base::Cursor& table, Abbreviation& abbreviation) {
  abbreviation.attributes.clear();
  abbreviation.code = table.read_leb128();
  if (abbreviation.code == 0) return abbreviation;
  abbreviation.tag = table.read_leb128();
  table.skip(1);  // whether it has children
  while (!table.failed()) {
    const Attribute attribute{table.read_leb128(), table.read_leb128()};
    if (attribute.name == 0 && attribute.form == 0) break;
    if (attribute.form == DW_FORM_implicit_const) table.read_leb128();
    abbreviation.attributes.push_back(attribute);
  }
  if (table.failed()) abbreviation.code = 0;
  return abbreviation;
}

// In 32-bit DWARF with addresses of 8 bytes; none: it differs from DIE to DIE.
std::optional<std::size_t> size_of(std::uint64_t form) {
  switch (form) {
    case DW_FORM_flag_present:
    case DW_FORM_implicit_const: return 0;
    case DW_FORM_data1:
    case DW_FORM_flag:
    case DW_FORM_ref1:
    case DW_FORM_strx1:
    case DW_FORM_addrx1: return 1;
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2: return 2;
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
    case DW_FORM_strp:
    case DW_FORM_line_strp:
    case DW_FORM_sec_offset:
    case DW_FORM_ref_addr: return 4;
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8:
    case DW_FORM_addr: return 8;
    default: return std::nullopt;
  }
}

bool is_expression(std::uint64_t form) {
  return form == DW_FORM_exprloc || form == DW_FORM_block || form == DW_FORM_block1 || form == DW_FORM_block2 ||
         form == DW_FORM_block4;
}

// Locals have no location, or a list of them; only those in a frame of their own have one expression, as globals do.
bool may_be_global(const Abbreviation& abbreviation) {
  if (abbreviation.tag == DW_TAG_member) return abbreviation.form_of(DW_AT_declaration).has_value();
  if (abbreviation.tag != DW_TAG_variable) return false;
  if (const auto location = abbreviation.form_of(DW_AT_location)) return is_expression(*location);
  return abbreviation.form_of(DW_AT_external) || abbreviation.form_of(DW_AT_declaration) ||
         abbreviation.form_of(DW_AT_const_value);
}

bool is_wanted(Named wanted, const Abbreviation& abbreviation) {
  switch (wanted) {
    case Named::anything: return true;
    case Named::global: return may_be_global(abbreviation);
    case Named::enumerator: return abbreviation.tag == DW_TAG_enumerator;
    case Named::type:
      switch (abbreviation.tag) {
        case DW_TAG_structure_type:
        case DW_TAG_class_type:
        case DW_TAG_union_type:
        case DW_TAG_enumeration_type:
        case DW_TAG_base_type:
        case DW_TAG_typedef: return true;
        default: return false;
      }
  }
  return true;
}

bool is_unit(const Abbreviation& abbreviation) {
  return abbreviation.tag == DW_TAG_compile_unit || abbreviation.tag == DW_TAG_partial_unit ||
         abbreviation.tag == DW_TAG_type_unit;
}

// What stands before a name.
struct Head {
  std::vector<std::byte> code = {};
  std::size_t attributes = 0;  // bytes between it and the name
};

std::vector<std::byte> leb128_of(std::uint64_t number) {
  std::vector<std::byte> bytes;
  for (; number >= 0x80; number >>= 7) bytes.push_back(static_cast<std::byte>(number | 0x80));
  bytes.push_back(static_cast<std::byte>(number));
  return bytes;
}

// None: not known.
std::optional<Head> head_of(const Abbreviation& abbreviation) {
  Head head{.code = leb128_of(abbreviation.code)};
  for (const Attribute& attribute : abbreviation.attributes) {
    if (attribute.name == DW_AT_name) return head;
    const auto size = size_of(attribute.form);
    if (!size) return std::nullopt;
    head.attributes += *size;
  }
  return std::nullopt;
}

// Where the abbreviations of a unit begin; none: it is not as expected.
std::optional<std::uint32_t> table_of(Bytes info, std::uint64_t unit) {
  base::Cursor header(info, unit);
  const bool is_long = header.read<std::uint32_t>() == 0xffffffff;
  const auto version = header.read<std::uint16_t>();
  if (is_long || version < 2 || version > 5) return std::nullopt;
  if (version == 5) header.skip(2);  // the unit's type, and the size of addresses
  const auto offset = header.read<std::uint32_t>();
  return header.failed() ? std::nullopt : std::optional(offset);
}

// The heads of wanted DIEs; none: not known. Of a unit without code the locations may stand in others.
std::optional<std::vector<Head>> heads_of(Named wanted, base::Cursor table) {
  std::vector<Head> heads, of_variables;
  bool has_code = false;
  Abbreviation abbreviation;
  while (read_abbreviation(table, abbreviation).code != 0) {
    if (is_unit(abbreviation))
      has_code = has_code || abbreviation.form_of(DW_AT_low_pc) || abbreviation.form_of(DW_AT_ranges);
    const bool is_candidate = is_wanted(wanted, abbreviation);
    const bool is_variable = wanted == Named::global && abbreviation.tag == DW_TAG_variable;
    if (!abbreviation.form_of(DW_AT_name) || (!is_candidate && !is_variable)) continue;
    auto head = head_of(abbreviation);
    if (!head) return std::nullopt;
    (is_candidate ? heads : of_variables).push_back(std::move(*head));
  }
  if (table.failed()) return std::nullopt;
  if (!has_code) std::ranges::move(of_variables, std::back_inserter(heads));
  return heads;
}

// Of sixteen bytes each.
struct Bytes16 {
  __m128i bytes = {};

  static Bytes16 all(unsigned byte) { return {_mm_set1_epi8(static_cast<char>(byte))}; }
  static Bytes16 at(const std::byte* from) { return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))}; }

  Bytes16 operator&(const Bytes16& other) const { return {_mm_and_si128(bytes, other.bytes)}; }
  Bytes16 operator|(const Bytes16& other) const { return {_mm_or_si128(bytes, other.bytes)}; }
  Bytes16 is(const Bytes16& other) const { return {_mm_cmpeq_epi8(bytes, other.bytes)}; }
  Bytes16 is_at_most(const Bytes16& other) const { return {_mm_cmpeq_epi8(_mm_min_epu8(bytes, other.bytes), bytes)}; }
  unsigned mask() const { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }
};

// Looks for the name in one unit after the other.
class Finder {
 public:
  Finder(Named wanted, Bytes info, Bytes abbreviations, const NameForms& name)
      : wanted_(wanted), info_(info), abbreviations_(abbreviations) {
    if (!name.text.empty()) text_ = std::string(name.text) + '\0';
    if (name.offsets.empty()) return;
    last_offset_ = std::ranges::max(name.offsets);
    is_offset_.resize(std::size_t{last_offset_} + 1);
    for (const std::uint32_t offset : name.offsets) is_offset_[offset] = true;
  }

  bool is_named_in(std::uint64_t unit, std::uint64_t end) {
    const auto table = table_of(info_, unit);
    if (!table) return true;
    // Units of one object file may share a table.
    if (table_ != table) {
      table_ = table;
      heads_ = heads_of(wanted_, base::Cursor(abbreviations_, *table));
      if (heads_) std::ranges::sort(*heads_, {}, &Head::attributes);
    }
    if (!heads_) return true;
    for (std::span<const Head> left = *heads_; !left.empty();) {
      const auto next = std::ranges::upper_bound(left, left[0].attributes, {}, &Head::attributes);
      const auto count = static_cast<std::size_t>(next - left.begin());
      if (is_behind(left.first(count), info_.subspan(unit, end - unit))) return true;
      left = left.subspan(count);
    }
    return false;
  }

 private:
  // Sixteen places at a time: what is neither behind the last byte of a wanted code, nor looks like an offset into
  // .debug_str or the first letters of the name, is passed over. All heads have the same number of bytes behind the
  // code.
  bool is_behind(std::span<const Head> heads, Bytes unit) const {
    constexpr std::size_t step = 16;
    const std::size_t skipped = heads[0].attributes;
    std::set<unsigned> last_bytes;
    for (const Head& head : heads) last_bytes.insert(static_cast<unsigned>(head.code.back()));
    std::vector<Bytes16> codes;
    for (const unsigned byte : last_bytes) codes.push_back(Bytes16::all(byte));
    const Bytes16 top = Bytes16::all(last_offset_ >> 24);
    const Bytes16 middle = Bytes16::all(last_offset_ >> 24 != 0 ? 0xff : last_offset_ >> 16);
    const Bytes16 has_text = Bytes16::all(text_.empty() ? 0 : 0xff);
    const Bytes16 has_offsets = Bytes16::all(is_offset_.empty() ? 0 : 0xff);
    const auto letter = [&](std::size_t i) { return Bytes16::all(static_cast<unsigned char>(text_.c_str()[i])); };
    const Bytes16 first = letter(0), second = letter(text_.empty() ? 0 : 1);
    std::size_t at = skipped + 1;
    for (; at + step + sizeof(std::uint32_t) <= unit.size(); at += step) {
      const auto bytes = [&](std::size_t shift) { return Bytes16::at(unit.data() + at + shift); };
      const Bytes16 before = Bytes16::at(unit.data() + at - 1 - skipped);
      Bytes16 is_behind_code = {};
      for (const Bytes16& code : codes) is_behind_code = is_behind_code | before.is(code);
      const Bytes16 is_offset = has_offsets & bytes(3).is_at_most(top) & bytes(2).is_at_most(middle);
      const Bytes16 is_text = has_text & bytes(0).is(first) & bytes(1).is(second);
      for (unsigned mask = (is_behind_code & (is_offset | is_text)).mask(); mask != 0; mask &= mask - 1)
        if (is_name(heads, unit, at + static_cast<unsigned>(std::countr_zero(mask)))) return true;
    }
    for (; at < unit.size(); ++at)
      if (is_name(heads, unit, at)) return true;
    return false;
  }

  bool is_name(std::span<const Head> heads, Bytes unit, std::size_t at) const {
    const Bytes rest = unit.subspan(at);
    std::uint32_t offset = last_offset_;
    if (rest.size() >= sizeof offset) std::memcpy(&offset, rest.data(), sizeof offset);
    const bool is_offset = rest.size() >= sizeof offset && offset < is_offset_.size() && is_offset_[offset];
    const bool is_text =
        !text_.empty() && rest.size() >= text_.size() && std::memcmp(rest.data(), text_.data(), text_.size()) == 0;
    if (!is_offset && !is_text) return false;
    return std::ranges::any_of(heads, [&](const Head& head) {
      const std::size_t size = head.attributes + head.code.size();
      return at >= size && std::ranges::equal(unit.subspan(at - size, head.code.size()), head.code);
    });
  }

  Named wanted_;
  Bytes info_;
  Bytes abbreviations_;
  std::string text_ = {};  // with its NUL; empty: it stands in .debug_str alone
  std::uint32_t last_offset_ = 0;
  std::vector<bool> is_offset_ = {};  // by offset into .debug_str
  std::optional<std::uint32_t> table_ = {};
  std::optional<std::vector<Head>> heads_ = {};
};

}  // namespace

std::vector<std::uint64_t> units_naming(Named wanted, Bytes info, Bytes abbreviations,
                                        std::span<const std::uint64_t> unit_offsets, const NameForms& name) {
  // These are found in less time without a look at what stands before them.
  constexpr std::size_t few_offsets = 2;
  std::vector<std::uint64_t> units;
  if (!name.text.empty() || name.offsets.size() > few_offsets)
    units.assign(unit_offsets.begin(), unit_offsets.end());
  else
    units = units_around(unit_offsets, places_of(info, name.offsets));
  Finder finder(wanted, info, abbreviations, name);
  std::erase_if(units, [&](std::uint64_t unit) {
    const auto next = std::ranges::upper_bound(unit_offsets, unit);
    return !finder.is_named_in(unit, next == unit_offsets.end() ? info.size() : *next);
  });
  return units;
}

}  // namespace dtp::debug
