// The end of an argument: what type its value is read as, what it is called, how it is shown.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/suggest.h"
#include "dtracepp/limits.h"
#include "lower/file_path.h"
#include "lower/lower.h"
#include "lower/type_spec.h"
#include "lower/walk.h"
#include "lower/whole_struct.h"
#include "type/query.h"

namespace dtp::lower {
namespace {

using path::Display;
using path::Form;
using type::Kind;

// A byte of whatever name: "char", "unsigned char", "signed char", "u8".
bool is_byte(const type::Type& type) {
  return type.size == 1 && (type.kind == Kind::character || type.kind == Kind::integer);
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

class Finisher {
 public:
  Finisher(const expr::ProbeArgument& argument, const Target& target, Walker& walker)
      : argument_(argument), target_(target), walker_(walker) {}

  Result<path::Field> finish(Place place, Span span) {
    span_ = span;
    path::Field field;
    if (place.type) field.c_type = walker_.type_name(place);
    const bool is_variants = !argument_.type && place.type && place.count == 0;
    const bool has_niche = is_variants && shares_discriminant(plain(*place.type));
    if (is_variants) walker_.enter_discriminant(place, span);
    DTP_CHECK(walker_.settle(place, span));
    if (place.type && place.count == 0 && asks_text())
      DTP_CHECK(walker_.take_text(place, argument_.type.has_value(), span));
    DTP_TRY(place, walker_.through_reference(std::move(place), span));
    if (argument_.type) {
      DTP_CHECK(read_as_asked(place, field));
    } else if (place.type) {
      DTP_CHECK(read_by_type(place, field));
      if (has_niche) field.display = Display::none;
    } else if (place.event_field != nullptr) {
      read_event_field(place, field);
    } else {
      field.read = place.default_read;
    }
    DTP_CHECK(walker_.load(place, span));
    if (place.count > 1 && field.read) {
      if (field.read->count || field.read->form == Form::string || field.read->form == Form::bitfield)
        return fail(error("several elements of this type cannot be fetched", span, "ask for one element"));
      field.read->count = static_cast<int>(std::min<std::uint64_t>(place.count, 1 << 20));
    }
    name(place, field);
    field.path = {.base = std::move(place.base), .derefs = std::move(place.derefs)};
    field.steps = walker_.take_steps();
    return field;
  }

  // Of a sequence two fields: elements, and how many there are.
  Result<std::vector<path::Field>> finish_all(Place place, Span span) {
    const auto sequence = place.type && place.count == 0 ? sequence_of(types(), *place.type) : std::nullopt;
    const bool as_text = argument_.type == "string" || argument_.type == "ustring";
    if (sequence && (!argument_.type || as_text))
      return finish_sequence(std::move(place), *sequence, as_text || sequence->is_text, span);
    const std::shared_ptr<const Place> length = place.length;
    DTP_TRY(path::Field field, finish(std::move(place), span));
    return with_length(std::move(field), length.get(), span);
  }

  // Elements, a text, or variants, of which one is there.
  bool is_one_value(const Place& place) const {
    if (!place.type || place.count > 0) return false;
    return sequence_of(types(), *place.type).has_value() || plain(*place.type).discriminant.has_value();
  }

  // A struct of a single member that fits a register, such as kuid_t, is a number.
  bool is_one_number(const Place& place, const WholeStruct& whole) const {
    const std::uint64_t size = type::size_of(types(), *place.type);
    return whole.members.size() + whole.no_values.size() == 1 && (size == 1 || size == 2 || size == 4 || size == 8);
  }

  // A struct: each of its members is a field. What cannot be read of it is left out.
  Result<std::vector<path::Field>> finish_members(const Place& place, WholeStruct whole, Span span) {
    span_ = span;
    const std::string of = spelled();
    std::vector<path::Step> steps = walker_.take_steps();
    std::vector<path::Field> fields;
    std::vector<std::string> unread;
    std::optional<Error> wrong;
    const bool is_single = whole.members.size() == 1 && whole.no_values.empty();
    for (WholeMember& member : whole.members) {
      const std::string text = of + "." + member.path;
      walker_.note(text, member.place, "member");
      auto field = finish(std::move(member.place), span);
      if (!field) {
        walker_.take_steps();
        if (!wrong) wrong = std::move(field.error());
        unread.push_back(std::move(member.path));
        continue;
      }
      const std::string name = argument_.name.value_or(place.name);
      field->name = is_single ? name : member_field_name(name, member.path);
      field->is_member_of_whole = true;
      for (path::Step& step : field->steps) {
        step.text = text;
        steps.push_back(std::move(step));
      }
      field->steps = std::exchange(steps, {});
      fields.push_back(std::move(*field));
    }
    if (fields.empty() && wrong) return fail(std::move(*wrong));
    if (wrong)
      walker_.warn(error(
          fmt::format("left out of '{}': {}; {}", walker_.type_name(place), base::list_some(unread, 8), wrong->what),
          span));
    if (!whole.no_values.empty())
      walker_.warn(error(fmt::format("left out of '{}', as they are no single values: {}", walker_.type_name(place),
                                     base::list_some(whole.no_values, 8)),
                         span));
    if (!whole.cut.empty())
      walker_.warn(error(fmt::format("of these arrays the first {} elements are fetched: {}", limits::longest_array,
                                     base::list_some(whole.cut, 8)),
                         span));
    return fields;
  }

  // One value, several fields.
  Result<std::vector<path::Field>> finish_path(Place place, Span span) {
    path::Field field{.display = Display::path};
    name(place, field);
    if (place.type) field.c_type = walker_.type_name(place);
    DTP_CHECK(walker_.know_type(place, span));
    field.steps = walker_.take_steps();
    return read_file_path(walker_, target_, std::move(place), std::move(field), span);
  }

 private:
  static constexpr int shown_elements = 16;
  static constexpr int text_words = 32;

  Result<std::vector<path::Field>> finish_sequence(Place place, const Sequence& sequence, bool as_text, Span span) {
    path::Field field{.c_type = walker_.type_name(place)};
    name(place, field);
    const type::Type& element = plain(sequence.element);
    const bool is_number = element.kind == Kind::integer || element.kind == Kind::character ||
                           element.kind == Kind::boolean || element.kind == Kind::pointer;
    if (as_text && element.size != 1)
      return fail(error(fmt::format("'{}' is no text: its elements are of the type '{}'", field.c_type,
                                    type::declare(types(), sequence.element)),
                        argument_.type_span));
    if (!as_text && (!is_number || element.size > 8))
      return fail(error(
          fmt::format("the elements of '{}' cannot be fetched together: they are of the type '{}'", field.c_type,
                      type::declare(types(), sequence.element)),
          span,
          fmt::format("read one of them, {0}[0], or their number, {0}.{1}", text_of(span), sequence.length.back())));
    DTP_TRY(place, walker_.first_element(std::move(place), sequence, span));
    const std::shared_ptr<const Place> length = place.length;
    DTP_TRY(place, walker_.follow_pointer(std::move(place), span));
    if (!as_text) {
      place.count = shown_elements;
      DTP_TRY(path::Field elements, finish(std::move(place), span));
      elements.name = std::move(field.name);
      elements.c_type = std::move(field.c_type);
      return with_length(std::move(elements), length.get(), span);
    }
    DTP_CHECK(walker_.load(place, span));
    field.path = {.base = std::move(place.base), .derefs = std::move(place.derefs)};
    field.read = path::Read{.form = Form::hex, .bits = 64, .count = text_words};
    field.display = Display::text;
    field.steps = walker_.take_steps();
    return with_length(std::move(field), length.get(), span);
  }

  Result<std::vector<path::Field>> with_length(path::Field field, const Place* length, Span span) const {
    if (length == nullptr) return std::vector{std::move(field)};
    Place count = *length;
    DTP_CHECK(walker_.settle(count, span));
    if (count.bit_offset != 0) return fail(error("its length is not in a register of its own", span));
    DTP_CHECK(walker_.load(count, span));
    path::Field counted{.name = field.name + "__len",
                        .path = {.base = std::move(count.base), .derefs = std::move(count.derefs)},
                        .read = path::Read{.form = Form::unsigned_, .bits = 64},
                        .display = Display::length};
    return std::vector{std::move(field), std::move(counted)};
  }

  std::string text_of(Span span) const { return argument_.text.substr(span.begin, span.end - span.begin); }
  type::Table& types() const { return target_.info->types(); }
  const type::Type& plain(type::Id id) const { return types().at(type::strip(types(), id)); }
  Error error(std::string what, Span span, std::string hint = {}) const {
    return walker_.error(std::move(what), span, std::move(hint));
  }

  bool asks_text() const { return !argument_.type || argument_.type == "string" || argument_.type == "ustring"; }

  static int round_bits(std::uint64_t bytes) {
    return bytes == 0 || bytes >= 8 ? 64 : bytes > 4 ? 64 : bytes > 2 ? 32 : bytes == 2 ? 16 : 8;
  }

  // The discriminant of Option<&T> is the reference, which is never zero.
  static bool shares_discriminant(const type::Type& type) {
    return type.discriminant && type.enumerators.size() < type.members.size();
  }

  static bool has_negative(const type::Type& type) {
    return std::ranges::any_of(type.enumerators, [](const type::Enumerator& known) { return known.value < 0; });
  }

  // Of packed bits that no aligned word holds: a word that does, and its first byte. It ends with the last bit rather
  // than begin with the first one, so that it reaches as little as can be behind the struct.
  static std::uint32_t first_byte(std::uint32_t offset, std::uint32_t width, int& bits) {
    const std::uint32_t first = offset / 8;
    const std::uint32_t bytes = (offset + width + 7) / 8 - first;
    const std::uint32_t word = bytes > 4 ? 8 : bytes > 2 ? 4 : bytes;
    bits = static_cast<int>(word * 8);
    return first - std::min(first, word - std::min(bytes, word));
  }

  // The bits of the word that holds a bitfield; the kernel counts from the least significant bit.
  Result<void> read_bits(Place& place, path::Field& field, std::uint32_t width) {
    const std::uint64_t bytes = std::max<std::uint64_t>(type::size_of(types(), *place.type), 1);
    int bits = round_bits(bytes);
    std::uint32_t offset = place.bit_offset;
    if (place.in_memory) {
      const std::uint32_t word = offset % static_cast<std::uint32_t>(bits) + width > static_cast<std::uint32_t>(bits)
                                     ? first_byte(offset, width, bits)
                                     : offset / static_cast<std::uint32_t>(bits) * static_cast<std::uint32_t>(bits / 8);
      place.offset += word;
      offset -= word * 8;
    } else {
      bits = 64;
    }
    if (offset + width > static_cast<std::uint32_t>(bits))
      return fail(error("the bits of this do not lie in one word", span_));
    place.bit_offset = 0;
    const bool is_whole_word = offset == 0 && (width == 8 || width == 16 || width == 32 || width == 64);
    if (is_whole_word && place.bit_size == 0) return {};
    field.read = path::Read{.form = Form::bitfield,
                            .bits = bits,
                            .bitfield_width = static_cast<int>(width),
                            .bitfield_offset = static_cast<int>(offset)};
    const type::Type& type = plain(*place.type);
    if ((type.is_signed || has_negative(type)) && place.bit_size != 0 && field.display == Display::none)
      field.display = path::signed_bits(static_cast<int>(width));
    return {};
  }

  // A member of a struct that is in a register.
  Result<bool> read_part(Place& place, path::Field& field) {
    if (place.bit_size > 0) {
      DTP_CHECK(read_bits(place, field, place.bit_size));
      return true;
    }
    if (place.bit_offset == 0) return false;
    const std::uint64_t bytes = type::size_of(types(), *place.type);
    if (bytes == 0 || place.bit_offset + bytes * 8 > 64)
      return fail(error("this part of the struct is not in the register", span_));
    DTP_CHECK(read_bits(place, field, static_cast<std::uint32_t>(bytes * 8)));
    return field.read.has_value();
  }

  Result<void> read_by_type(Place& place, path::Field& field) {
    DTP_TRY(const bool is_part, read_part(place, field));
    if (is_part) return {};
    const type::Type& type = plain(*place.type);
    if ((type.kind == Kind::integer || type.kind == Kind::floating) && type.size > 8)
      return read_wide(place, type, field);
    const int bits = round_bits(type.size);
    field.display = display_of(place);
    switch (type.kind) {
      case Kind::pointer:
        if (place.count == 0 && plain(type.target).name == "char" && plain(type.target).kind == Kind::character)
          return read_string(place, field, Form::string);
        field.read = path::Read{.bits = 64};
        return {};
      case Kind::array:
        if (plain(type.target).name == "char" && place.in_memory) return read_string(place, field, Form::string);
        return {};
      case Kind::integer:
      case Kind::character:
      case Kind::enumeration:
        field.read = path::Read{.form = type.is_signed ? Form::signed_ : Form::hex, .bits = bits};
        if (!type.is_signed && has_negative(type)) field.display = path::signed_bits(bits);
        return {};
      case Kind::structure:
      case Kind::union_:
      case Kind::class_: return read_aggregate(place, type, field);
      case Kind::boolean:
      case Kind::floating:
      case Kind::reference:
      case Kind::function: field.read = path::Read{.bits = bits}; return {};
      case Kind::void_:
      case Kind::typedef_:
      case Kind::qualifier:
      case Kind::unknown: return {};
    }
    return {};
  }

  // __int128 and long double: their words, the low one first.
  Result<void> read_wide(const Place& place, const type::Type& type, path::Field& field) {
    if (!place.in_memory || place.count > 0 || type.size % 8 != 0)
      return fail(
          error(fmt::format("'{}' has {} bytes, and a fetch-arg reads 8", walker_.type_name(place), type.size), span_));
    field.read = path::Read{.bits = 64, .count = static_cast<int>(type.size / 8)};
    return {};
  }

  Result<void> read_aggregate(Place& place, const type::Type& type, path::Field& field) {
    if (field.display == Display::ip6 && place.in_memory) {
      field.read = path::Read{.bits = 8, .count = 16};
      return {};
    }
    if (type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8) {
      field.read = path::Read{.bits = static_cast<int>(type.size * 8)};
      return {};
    }
    if (place.count > 1)
      return fail(error(fmt::format("these are {} structs of {} bytes", place.count, type.size), span_,
                        "ask for one element, or for a member of one"));
    if (is_string_class(types(), *place.type)) return fail(no_text(*place.type, type.kind));
    if (walker_.stand_in(place, Stands::pointer, span_)) {
      field.read = path::Read{.bits = 64};
      return {};
    }
    const std::vector<std::string> names = type::member_names(types(), *place.type);
    return fail(error(fmt::format("'{}' is a whole struct of {} bytes", walker_.type_name(place), type.size), span_,
                      names.empty() ? "" : fmt::format("read a member of it: {}.{}", spelled(), names.front())));
  }

  // Unsigned numbers are fetched as perf fetches them, in hex, which suits flags and addresses. Sizes and counts are
  // for people, and Go and Rust have unsigned types for all that is not negative.
  bool is_quantity(const Place& place) const {
    static constexpr std::string_view words[] = {"size", "len", "count", "bytes", "nr_", "num_"};
    if (type::is_called(types(), *place.type, "size_t") || type::is_called(types(), *place.type, "sector_t"))
      return true;
    return std::ranges::any_of(words, [&](std::string_view word) { return contains(place.name, word); });
  }

  // Network byte order is part of some type names.
  Display display_of(const Place& place) const {
    if (type::is_called(types(), *place.type, "__be32"))
      return contains(place.name, "addr") ? Display::ip4 : Display::be32;
    if (type::is_called(types(), *place.type, "__be16"))
      return contains(place.name, "port") ? Display::port : Display::be16;
    if (type::is_called(types(), *place.type, "__be64")) return Display::be64;
    const type::Type& type = plain(*place.type);
    if (type.kind == Kind::structure && type.name == "in_addr") return Display::ip4;
    if (type.kind == Kind::structure && type.name == "in6_addr") return Display::ip6;
    if (type.kind == Kind::boolean) return Display::boolean;
    const bool is_unsigned = type.kind == Kind::integer && !type.is_signed;
    if (is_unsigned && (is_quantity(place) || (walker_.is_in_go_or_rust() && type.name != "uintptr")))
      return Display::decimal;
    return Display::none;
  }

  // A string's address is the pointer's value, or the place of the array itself.
  Result<void> read_string(Place& place, path::Field& field, Form form) {
    field.read = path::Read{.form = form};
    if (place.is_usdt) return usdt_to_memory(place);
    if (place.event_field != nullptr && is_text_pointer(*place.event_field)) place.in_memory = true;
    if (!place.type) return {};
    const type::Type& type = plain(*place.type);
    const bool is_behind = type.kind == Kind::pointer || type.kind == Kind::reference;
    if (const type::Id id = is_behind ? type.target : *place.type; is_string_class(types(), id))
      return fail(no_text(id, type.kind));
    if (type.kind != Kind::pointer && type.kind != Kind::array)
      return fail(error(fmt::format("'{}' is not a string", walker_.type_name(place)), argument_.type_span,
                        "a string is a char pointer or a char array"));
    if (!is_byte(plain(type.target)))
      return fail(error(fmt::format("'{}' does not hold text", walker_.type_name(place)), argument_.type_span,
                        "a string is a char pointer or a char array"));
    return to_memory(place, type);
  }

  // The expression as what a member can be read of.
  std::string spelled() const {
    const std::string text = text_of(span_);
    return text.starts_with('*') ? "(" + text + ")" : text;
  }

  // Why a std::string cannot be read, or one behind a pointer or reference.
  Error no_text(type::Id id, Kind behind) const {
    const std::string text = spelled();
    const std::string name = type::declare(types(), id);
    const bool is_behind = behind == Kind::pointer || behind == Kind::reference;
    if (const std::string way = two_texts_of(types(), id); !way.empty()) {
      const std::string member = fmt::format("{}{}{}", text, behind == Kind::pointer ? "->" : ".", way);
      return error(
          fmt::format("'{}' has a short text in itself and a long one elsewhere: a fetch-arg cannot choose", name),
          span_, fmt::format("read both: short={0}.__s.__data_:string long={0}.__l.__data_:string", member));
    }
    if (plain(id).is_declaration) {
      const std::string word = fmt::format("{}{}", is_behind ? "" : "&", text);
      return walker_.incomplete(id, span_,
                                fmt::format("libstdc++ has the text's address first: +0(+0({})):string", word));
    }
    return error(fmt::format("'{}' does not hold text", name), span_);
  }

  // The arguments of a static probe have no type: one that is to be text is its address.
  Result<void> usdt_to_memory(Place& place) {
    if (place.default_read && place.default_read->bits != 64)
      return fail(
          error(fmt::format("this has {} bits and is not the address of a string", place.default_read->bits), span_));
    DTP_CHECK(walker_.load(place, span_));
    place.in_memory = true;
    return {};
  }

  Result<void> to_memory(Place& place, const type::Type& type) {
    if (type.kind == Kind::pointer) {
      DTP_CHECK(walker_.load(place, span_));
      place.in_memory = true;
    } else if (!place.in_memory) {
      return fail(error("this is in a register and has no address", span_));
    }
    return {};
  }

  // %pd and %pD: the kernel follows the pointer itself.
  Result<void> check_path_name(const Place& place, Form form) const {
    const std::string_view wanted = form == Form::dentry_name ? "dentry" : "file";
    if (target_.is_user()) return {};  // refused with the kernel's other limits
    if (!target_.ways || !target_.ways().path_names)
      return fail(error(target_.ways ? fmt::format("this kernel has no type '{}'", *argument_.type)
                                     : fmt::format("not every kernel has the type '{}'", *argument_.type),
                        argument_.type_span,
                        target_.ways ? "write :path, or the name itself: ...->d_name.name:string"
                                     : "of one that has it: --kernel-has path-names; on all: :path"));
    if (!place.type) return {};
    const type::Type& type = plain(*place.type);
    if (type.kind == Kind::pointer && plain(type.target).name == wanted) return {};
    return fail(
        error(fmt::format("'{}' is not a 'struct {} *'", walker_.type_name(place), wanted), argument_.type_span));
  }

  Result<void> read_as_asked(Place& place, path::Field& field) {
    auto spec = parse_type_spec(*argument_.type);
    if (!spec) {
      Span span = argument_.type_span;
      if (const auto& where = spec.error().where) span = {span.begin + where->span.begin, span.begin + where->span.end};
      return fail(error(spec.error().what, span, spec.error().hint));
    }
    field.display = spec->display;
    if (spec->read.form == Form::dentry_name || spec->read.form == Form::file_name)
      DTP_CHECK(check_path_name(place, spec->read.form));
    if (spec->read.form == Form::string || spec->read.form == Form::ustring) {
      if (!spec->read.count) return read_string(place, field, spec->read.form);
    }
    if (place.type) {
      DTP_TRY(const bool is_part, read_part(place, field));
      if (is_part) return {};
      const type::Type& type = plain(*place.type);
      if (spec->size_from_type) spec->read.bits = round_bits(type.size);
      if ((spec->display == Display::ip6 || spec->display == Display::mac) && type.kind == Kind::pointer)
        DTP_CHECK(to_memory(place, type));
    }
    if (place.is_usdt && place.default_read) {
      if (place.default_read->form == Form::bitfield) spec->read = *place.default_read;
      if (spec->size_from_type) spec->read.bits = place.default_read->bits;
    }
    field.read = spec->read;
    return {};
  }

  void name(const Place& place, path::Field& field) const {
    if (argument_.name) {
      field.name = *argument_.name;
      return;
    }
    field.name = place.name;
    if (place.is_plain_variable && argument_.type) field.name += "_" + *argument_.type;
    std::ranges::replace_if(
        field.name, [](char c) { return c == '@' || c == '/' || c == '[' || c == ']' || c == '%'; }, '_');
  }

  const expr::ProbeArgument& argument_;
  const Target& target_;
  Walker& walker_;
  Span span_ = {};
};

Result<Lowered> lower_event_fields(const expr::ProbeArgument& argument, std::size_t number, const Spot& spot,
                                   const Target& target) {
  const Span span = argument.tree.at(argument.tree.root).span;
  Lowered lowered;
  for (const TracepointField* known : readable_fields(*spot.tracepoint)) {
    Walker walker(argument, number, spot, target);
    DTP_TRY(Place place, walker.event_field(known->name, span));
    DTP_TRY(path::Field field, Finisher(argument, target, walker).finish(std::move(place), span));
    lowered.fields.push_back(std::move(field));
  }
  return lowered;
}

// A struct is its members.
Result<std::vector<path::Field>> finish_value(const expr::ProbeArgument& argument, const Target& target, Walker& walker,
                                              Place place, Span span) {
  Finisher finisher(argument, target, walker);
  WholeStruct whole;
  if (!argument.type && !finisher.is_one_value(place)) whole = members_of(walker, target, place, span);
  const bool is_whole = !whole.members.empty() && !finisher.is_one_number(place, whole);
  return is_whole ? finisher.finish_members(place, std::move(whole), span)
                  : finisher.finish_all(std::move(place), span);
}

Result<Lowered> lower_all(const expr::ProbeArgument& argument, std::size_t number, const Spot& spot,
                          const Target& target, bool parameters_only) {
  const Span span = argument.tree.at(argument.tree.root).span;
  if (argument.name)
    return fail(Walker(argument, number, spot, target)
                    .error("these are several variables and cannot have one name", span, "leave the name out"));
  if (spot.tracepoint != nullptr) return lower_event_fields(argument, number, spot, target);
  const bool is_kept = spot.site.is_return && parameters_only && target.ways && target.ways().arguments_at_return;
  if (target.info == nullptr || !spot.has_instance || (spot.site.is_return && !is_kept)) {
    // The same words as for a variable by name.
    Walker walker(argument, number, spot, target);
    return fail(walker.variable(argument.text, span).error());
  }
  Lowered lowered;
  for (const debug::Variable& variable : target.info->find_variables(spot.instance, spot.address)) {
    if (variable.role == debug::Role::global || (parameters_only && variable.role != debug::Role::parameter)) continue;
    Walker walker(argument, number, spot, target);
    auto place = is_kept ? walker.located_at_return(variable, span) : walker.located(variable, span);
    if (!place) continue;  // optimised out here: it has no value to show
    auto fields = finish_value(argument, target, walker, std::move(*place), span);
    if (fields) std::ranges::move(*fields, std::back_inserter(lowered.fields));
  }
  return lowered;
}

}  // namespace

Result<Lowered> lower_argument(const expr::ProbeArgument& argument, std::size_t number, const Spot& spot,
                               const Target& target) {
  const expr::Node& root = argument.tree.at(argument.tree.root);
  if (std::holds_alternative<expr::Parameters>(root.of)) return lower_all(argument, number, spot, target, true);
  if (std::holds_alternative<expr::Variables>(root.of)) return lower_all(argument, number, spot, target, false);
  Walker walker(argument, number, spot, target);
  DTP_TRY(Place place, walker.walk(argument.tree.root));
  // $retval alone is what the kernel calls it, unless a type is wanted of it.
  if (std::holds_alternative<expr::ReturnValue>(root.of) && spot.site.is_return && !argument.type) place.type.reset();
  if (argument.type == "path") {
    DTP_TRY(auto fields, Finisher(argument, target, walker).finish_path(std::move(place), root.span));
    return Lowered{.fields = std::move(fields), .warnings = walker.take_warnings()};
  }
  DTP_TRY(auto fields, finish_value(argument, target, walker, std::move(place), root.span));
  return Lowered{.fields = std::move(fields), .warnings = walker.take_warnings()};
}

}  // namespace dtp::lower
