// DWARF 5, chapter 5.
#include "debug/dwarf_types.h"

#include <dwarf.h>

#include <optional>
#include <vector>

#include "debug/dwarf_die.h"
#include "debug/dwarf_language.h"

namespace dtp::debug {
namespace {

using type::Kind;
using type::Type;

constexpr int dimension_shift = 56;
constexpr std::uint64_t die_mask = (std::uint64_t{1} << dimension_shift) - 1;

template <class Visit>
void each_child(Dwarf_Die& die, Visit visit) {
  Dwarf_Die child;
  if (dwarf_child(&die, &child) != 0) return;
  do visit(child);
  while (dwarf_siblingof(&child, &child) == 0);
}

void fill_base(Dwarf_Die& die, Type& type) {
  switch (number(die, DW_AT_encoding).value_or(0)) {
    case DW_ATE_boolean: type.kind = Kind::boolean; break;
    case DW_ATE_float:
    case DW_ATE_complex_float:
    case DW_ATE_decimal_float:
    case DW_ATE_imaginary_float: type.kind = Kind::floating; break;
    case DW_ATE_signed_char:
      type.kind = Kind::character;
      type.is_signed = true;
      break;
    case DW_ATE_unsigned_char: type.kind = Kind::character; break;
    case DW_ATE_signed:
      type.kind = Kind::integer;
      type.is_signed = true;
      break;
    default: type.kind = Kind::integer; break;
  }
}

// A number, or in DWARF 2 an expression that adds one (DWARF 2, 5.5.4).
std::optional<std::uint64_t> member_location(Dwarf_Die& die) {
  if (const auto bytes = number(die, DW_AT_data_member_location)) return bytes;
  Dwarf_Attribute attribute;
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (dwarf_attr(&die, DW_AT_data_member_location, &attribute) == nullptr ||
      dwarf_getlocation(&attribute, &ops, &count) != 0 || count != 1 || ops[0].atom != DW_OP_plus_uconst)
    return std::nullopt;
  return ops[0].number;
}

// Behind typedefs and qualifiers; 0: not known.
std::uint64_t size_of_plain_type(Dwarf_Die& member) {
  constexpr int longest_chain = 32;
  Dwarf_Die die = member;
  Dwarf_Attribute attribute;
  for (int i = 0; i < longest_chain && dwarf_attr(&die, DW_AT_type, &attribute) != nullptr; ++i) {
    const auto type = type_behind(attribute);
    if (!type) return 0;
    die = *type;
    if (const auto size = number(die, DW_AT_byte_size)) return *size;
  }
  return 0;
}

// Bits are counted from the least significant one of the aggregate. DWARF 2 and 3 count a bitfield from the
// most significant bit of its storage unit instead (DWARF 3, 5.6.6).
type::Member load_member(Dwarf_Die& die) {
  type::Member member{.name = dwarf_tag(&die) == DW_TAG_inheritance ? "" : name_of(die), .type = type_of(die)};
  const std::uint64_t bytes = member_location(die).value_or(0);
  member.is_virtual = number(die, DW_AT_virtuality) == DW_VIRTUALITY_virtual;
  member.bit_size = static_cast<std::uint32_t>(number(die, DW_AT_bit_size).value_or(0));
  if (const auto bits = number(die, DW_AT_data_bit_offset)) {
    member.bit_offset = *bits;
  } else if (const auto from_top = number(die, DW_AT_bit_offset); from_top && member.bit_size > 0) {
    std::uint64_t unit = number(die, DW_AT_byte_size).value_or(0);
    if (unit == 0) unit = size_of_plain_type(die);
    member.bit_offset = bytes * 8 + unit * 8 - *from_top - member.bit_size;
  } else {
    member.bit_offset = bytes * 8;
  }
  return member;
}

// Rust's enums (DWARF 5, 5.7.10). The variants become members at the same place. One without a value is there when the
// discriminant has none of those of the others: it lies where the discriminant is.
void add_variants(Dwarf_Die& part, Type& type) {
  Dwarf_Attribute attribute;
  Dwarf_Die discriminant;
  if (dwarf_attr(&part, DW_AT_discr, &attribute) != nullptr && dwarf_formref_die(&attribute, &discriminant) != nullptr)
    type.discriminant = load_member(discriminant);
  each_child(part, [&](Dwarf_Die& variant) {
    if (dwarf_tag(&variant) != DW_TAG_variant) return;
    each_child(variant, [&](Dwarf_Die& child) {
      if (dwarf_tag(&child) != DW_TAG_member) return;
      type.members.push_back(load_member(child));
      if (const auto value = number(variant, DW_AT_discr_value))
        type.enumerators.push_back({type.members.back().name, static_cast<std::int64_t>(*value)});
    });
  });
}

void fill_aggregate(Dwarf_Die& die, Type& type, Kind kind) {
  type.kind = kind;
  type.is_declaration = is_declaration(die);
  type.has_tag = language_of(die) == Language::other;
  each_child(die, [&](Dwarf_Die& child) {
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_inheritance || (tag == DW_TAG_member && !is_flagged(child, DW_AT_external)))
      type.members.push_back(load_member(child));
    if (tag == DW_TAG_variant_part) add_variants(child, type);
    if (tag == DW_TAG_template_type_parameter) type.arguments.push_back(type_of(child));
  });
}

void fill_enumeration(Dwarf_Die& die, Type& type) {
  type.kind = Kind::enumeration;
  type.has_tag = language_of(die) == Language::other;
  each_child(die, [&](Dwarf_Die& child) {
    if (dwarf_tag(&child) != DW_TAG_enumerator) return;
    if (const auto value = constant_of(child)) type.enumerators.push_back({name_of(child), *value});
  });
  // Without an encoding (older gcc, clang) the definitions of perf are unsigned, and so are ours; the values are shown
  // with the sign that the enumerators have.
  type.is_signed = number(die, DW_AT_encoding) == DW_ATE_signed;
}

std::optional<std::uint64_t> dimension(Dwarf_Die& subrange) {
  if (const auto count = number(subrange, DW_AT_count)) return count;
  Dwarf_Attribute attribute;
  Dwarf_Sword upper = 0;
  if (dwarf_attr(&subrange, DW_AT_upper_bound, &attribute) == nullptr || dwarf_formsdata(&attribute, &upper) != 0 ||
      upper < -1)
    return std::nullopt;
  return static_cast<std::uint64_t>(upper + 1);
}

// int m[2][3] is one DIE with two subranges; it is an array of arrays here.
void fill_array(Dwarf_Die& die, Type& type, type::Id id) {
  type.kind = Kind::array;
  std::vector<std::optional<std::uint64_t>> dimensions;
  each_child(die, [&](Dwarf_Die& child) {
    if (dwarf_tag(&child) == DW_TAG_subrange_type) dimensions.push_back(dimension(child));
  });
  const std::size_t indexed = id.key >> dimension_shift;
  if (indexed < dimensions.size()) type.count = dimensions[indexed];
  if (indexed + 1 < dimensions.size())
    type.target = {(id.key & die_mask) | ((indexed + 1) << dimension_shift)};
  else
    type.target = type_of(die);
  if (indexed > 0) type.size = 0;
}

void fill_function(Dwarf_Die& die, Type& type) {
  type.kind = Kind::function;
  type.target = type_of(die);
  each_child(die, [&](Dwarf_Die& child) {
    if (dwarf_tag(&child) == DW_TAG_formal_parameter) type.parameters.push_back({name_of(child), type_of(child)});
  });
}

void fill_pointer(Dwarf_Die& die, Type& type, Kind kind) {
  type.kind = kind;
  type.target = type_of(die);
  // clang leaves the size out.
  if (type.size == 0) type.size = 8;
}

void fill_qualifier(Dwarf_Die& die, Type& type, const char* word) {
  type.kind = Kind::qualifier;
  type.name = word;
  type.target = type_of(die);
}

}  // namespace

type::Id type_of(Dwarf_Die& die) {
  Dwarf_Attribute attribute;
  if (dwarf_attr_integrate(&die, DW_AT_type, &attribute) == nullptr) return {};
  const auto type = type_behind(attribute);
  return {type ? key_of(*type) : 0};
}

Type load_dwarf_type(const DwarfFiles& files, type::Id id) {
  Type type;
  if (id.key == 0) return Type{.kind = Kind::void_, .name = "void"};
  const auto found = files.type_at(id.key & die_mask);
  if (!found) return type;
  Dwarf_Die die = *found;
  type.name = name_of(die);
  type.size = number(die, DW_AT_byte_size).value_or(0);
  switch (dwarf_tag(&die)) {
    case DW_TAG_base_type: fill_base(die, type); break;
    case DW_TAG_structure_type: fill_aggregate(die, type, Kind::structure); break;
    case DW_TAG_union_type: fill_aggregate(die, type, Kind::union_); break;
    case DW_TAG_class_type: fill_aggregate(die, type, Kind::class_); break;
    case DW_TAG_enumeration_type: fill_enumeration(die, type); break;
    case DW_TAG_array_type: fill_array(die, type, id); break;
    case DW_TAG_subroutine_type: fill_function(die, type); break;
    case DW_TAG_pointer_type: fill_pointer(die, type, Kind::pointer); break;
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type: fill_pointer(die, type, Kind::reference); break;
    case DW_TAG_typedef:
      type.kind = Kind::typedef_;
      type.target = type_of(die);
      break;
    case DW_TAG_const_type: fill_qualifier(die, type, "const"); break;
    case DW_TAG_volatile_type: fill_qualifier(die, type, "volatile"); break;
    case DW_TAG_restrict_type: fill_qualifier(die, type, "restrict"); break;
    case DW_TAG_atomic_type: fill_qualifier(die, type, "_Atomic"); break;
    case DW_TAG_unspecified_type: type.kind = Kind::void_; break;
    default: break;
  }
  return type;
}

}  // namespace dtp::debug
