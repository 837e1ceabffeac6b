// C's own forms over what the walk has reached: casts, addresses, sizes, container_of, constants.
//
// A fetch-arg reads registers and memory and does not compute. So a cast can say anew what a value is, but not convert
// it: a narrow number cannot be widened. And an address with an offset is no value by itself, but it can be the base of
// the next read, which has an offset of its own.
#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "lower/walk.h"
#include "type/query.h"

namespace dtp::lower {
namespace {

using type::Kind;

bool is_aggregate(Kind kind) { return kind == Kind::structure || kind == Kind::union_ || kind == Kind::class_; }

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// As written, as gcc and as clang name it: "unsigned long", "long unsigned int", "unsigned long".
std::vector<std::string> spellings(const std::string& name) {
  std::vector<std::string> all{name};
  std::string lengths;
  bool is_unsigned = false;
  for (const std::string_view word : split(name, ' ')) {
    if (word == "long" || word == "short")
      lengths += std::string(word) + " ";
    else if (word == "unsigned")
      is_unsigned = true;
    else if (word != "int" && word != "signed")
      return all;
  }
  const std::string sign = is_unsigned ? "unsigned " : "";
  all.push_back(lengths + sign + "int");
  if (!lengths.empty()) all.push_back(sign + lengths.substr(0, lengths.size() - 1));
  return all;
}

std::string_view tag_of(Kind kind) {
  return kind == Kind::structure ? "struct " : kind == Kind::union_ ? "union " : "class ";
}

}  // namespace

std::string Walker::text_of(Span span) const { return argument_.text.substr(span.begin, span.end - span.begin); }

Error Walker::no_info(const std::string& name, Span span) const {
  Error missing = error(fmt::format("'{}' needs debug information, and there is none{}", name, target_.why_no_info),
                        span, target_.info_hint);
  missing.status = Status::not_possible;
  return missing;
}

Error Walker::no_type(const expr::TypeName& type) const {
  const std::string name(type::split_tag(type.name).name);
  std::vector<std::string> near;
  for (const std::string_view tag : {"", "struct ", "union ", "enum "})
    if (const std::string other = std::string(tag) + name; target_.info->find_type(other)) near.push_back(other);
  return error(fmt::format("there is no type '{}' in this debug information", type.name), type.span,
               base::did_you_mean(near));
}

Result<type::Id> Walker::resolve(const expr::TypeName& name) const {
  if (target_.info == nullptr) return fail(no_info(name.name, name.span));
  std::optional<type::Id> found;
  if (name.name == "void") found = type::Id{};
  for (const std::string& spelling : spellings(name.name))
    if (!found) found = target_.info->find_type(spelling);
  if (!found) return fail(no_type(name));
  for (int i = 0; i < name.pointers; ++i) found = target_.info->types().add_pointer(*found);
  return *found;
}

type::Id Walker::complete(type::Id id, Span span) {
  type::Table& types = target_.info->types();
  const type::Type& plain = types.at(type::strip(types, id));
  if (!plain.is_declaration || !is_aggregate(plain.kind) || plain.name.empty()) return id;
  const std::vector<debug::Definition> found =
      target_.info->find_definitions(std::string(tag_of(plain.kind)) + plain.name);
  if (found.empty() || types.at(found[0].type).is_declaration) return id;
  if (found.size() > 1)
    warnings_.push_back(
        error(fmt::format("several '{}' differ: that of {}:{} is meant, not that of {}:{}", type::declare(types, id),
                          found[0].file, found[0].line, found[1].file, found[1].line),
              span));
  return found[0].type;
}

Place Walker::constant(std::int64_t value, std::string name, Span span, std::string note_text) {
  Place place{.base = path::Constant{.value = value}, .user = argument_.user, .name = std::move(name)};
  if (value < 0) place.default_read = path::Read{.form = path::Form::signed_, .bits = 64};
  note(span, place, std::move(note_text));
  return place;
}

// A reference to something that can be fetched stands for that; one to a struct for its address.
Result<Place> Walker::through_reference(Place place, Span span) {
  if (!place.type || place.count > 0) return place;
  type::Table& types = target_.info->types();
  const type::Type& plain = types.at(type::strip(types, *place.type));
  if (plain.kind != Kind::reference) return place;
  const Kind target = types.at(type::strip(types, plain.target)).kind;
  // A class stays where it is, but a smart pointer is the pointer in it.
  if (is_aggregate(target) && !find_stand_in(types, complete(plain.target, span), Stands::pointer)) return place;
  if (target == Kind::function || target == Kind::void_) return place;
  return follow_pointer(std::move(place), span);
}

// An array stands for its address, a reference for what it refers to.
Result<Place> Walker::decay(Place place, Span span) {
  if (!place.type) return place;
  type::Table& types = target_.info->types();
  DTP_CHECK(check_single(place, span));
  DTP_CHECK(settle(place, span));
  DTP_TRY(place, follow_reference(std::move(place), span));
  const type::Type& plain = types.at(type::strip(types, *place.type));
  if (plain.kind != Kind::array) return place;
  if (!place.in_memory) return fail(error("this array is in a register and has no address", span));
  place.in_memory = false;
  place.type = types.add_pointer(plain.target);
  return place;
}

Result<void> Walker::check_cast(const Place& place, type::Id wanted, const expr::Node& whole, Span so_far) const {
  type::Table& types = target_.info->types();
  const type::Type& to = types.at(type::strip(types, wanted));
  const std::string to_name = type::declare(types, wanted);
  if (is_aggregate(to.kind))
    return fail(error(fmt::format("a value cannot be cast to '{}'", to_name), whole.tail,
                      fmt::format("cast a pointer: ({} *)", to_name)));
  const auto is_number = [](Kind kind) {
    return kind == Kind::integer || kind == Kind::character || kind == Kind::enumeration || kind == Kind::pointer;
  };
  if (!is_number(to.kind)) return fail(error(fmt::format("a value cannot be cast to '{}'", to_name), whole.tail));
  if (!place.type) return {};
  const type::Type& from = types.at(type::strip(types, *place.type));
  const std::string from_name = type_name(place);
  if (place.bit_size != 0 || place.bit_offset != 0)
    return fail(error(fmt::format("'{}' is a part of a word, which cannot be cast", text_of(so_far)), so_far));
  if (!is_number(from.kind) && from.kind != Kind::boolean)
    return fail(error(fmt::format("'{}' is '{}', which cannot be cast", text_of(so_far), from_name), so_far,
                      is_aggregate(from.kind) && place.in_memory
                          ? fmt::format("cast its address: ({} *)&{}", to_name, text_of(so_far))
                          : ""));
  if (from.size != 0 && to.size > from.size)
    return fail(error(fmt::format("'{}' has {} bytes and '{}' has {}: a fetch-arg cannot widen a value", from_name,
                                  from.size, to_name, to.size),
                      whole.tail));
  return {};
}

// C++: a base may lie behind the beginning of its object.
std::int64_t Walker::distance_of_cast(const Place& place, type::Id wanted) const {
  if (!place.type) return 0;
  type::Table& types = target_.info->types();
  const type::Type& from = types.at(type::strip(types, *place.type));
  const type::Type& to = types.at(type::strip(types, wanted));
  if (from.kind != Kind::pointer || to.kind != Kind::pointer) return 0;
  if (const auto up = type::base_offset(types, from.target, to.target)) return *up;
  if (const auto down = type::base_offset(types, to.target, from.target)) return -*down;
  return 0;
}

Result<Place> Walker::cast(const expr::Cast& node, const expr::Node& whole) {
  const Span so_far = argument_.tree.at(node.base).span;
  DTP_TRY(Place place, walk(node.base));
  DTP_TRY(place, decay(std::move(place), so_far));
  DTP_TRY(const type::Id wanted, resolve(node.type));
  DTP_CHECK(check_cast(place, wanted, whole, so_far));
  if (const std::int64_t distance = distance_of_cast(place, wanted); distance != 0) {
    DTP_CHECK(settle(place, so_far));
    if (place.in_memory) DTP_CHECK(load(place, so_far));
    place.offset += distance;
  }
  place.type = wanted;
  place.event_field = nullptr;
  place.is_usdt = false;
  place.is_plain_variable = false;
  note(whole.span, place, "cast");
  return place;
}

Result<Place> Walker::address_of(const expr::AddressOf& node, const expr::Node& whole) {
  DTP_TRY(Place place, walk(node.base));
  const Span so_far = argument_.tree.at(node.base).span;
  DTP_CHECK(settle(place, so_far));
  if (place.bit_size != 0)
    return fail(error(fmt::format("'{}' is a bitfield and has no address", text_of(so_far)), so_far));
  if (!place.in_memory)
    return fail(error(fmt::format("'{}' is not in memory here and has no address", text_of(so_far)), so_far));
  place.in_memory = false;
  place.is_usdt = false;
  if (place.type) place.type = target_.info->types().add_pointer(*place.type);
  place.is_plain_variable = false;
  note(whole.span, place, "address");
  return place;
}

Result<Place> Walker::size_of(type::Id type, Span span, const expr::Node& whole) {
  type::Table& types = target_.info->types();
  const std::uint64_t size = type::size_of(types, complete(type, span));
  if (size == 0) return fail(error(fmt::format("the size of '{}' is not known", type::declare(types, type)), span));
  return constant(static_cast<std::int64_t>(size), "", whole.span,
                  fmt::format("size of {}", type::declare(types, type)));
}

Result<Place> Walker::size_of_type(const expr::SizeOfType& node, const expr::Node& whole) {
  DTP_TRY(const type::Id type, resolve(node.type));
  return size_of(type, node.type.span, whole);
}

Result<Place> Walker::size_of_value(const expr::SizeOfValue& node, const expr::Node& whole) {
  const expr::Node& base = argument_.tree.at(node.base);
  if (const auto* name = std::get_if<expr::Name>(&base.of); name != nullptr && !is_variable(name->name)) {
    const auto type = target_.info != nullptr ? target_.info->find_type(name->name) : std::nullopt;
    if (type) return size_of(*type, base.span, whole);
  }
  // What it takes to get at the value is not part of its size.
  const std::size_t steps = steps_.size();
  const std::size_t warnings = warnings_.size();
  DTP_TRY(const Place place, walk(node.base));
  steps_.resize(steps);
  warnings_.resize(warnings);
  if (!place.type) return fail(error("the type of this is not known, so it has no size", base.span));
  if (place.bit_size != 0) return fail(error("a bitfield has no size in bytes", base.span));
  return size_of(*place.type, base.span, whole);
}

// From the start of the container; the member may be a path: a.b
Result<std::uint64_t> Walker::member_offset(type::Id container, const expr::ContainerOf& node) {
  std::uint64_t bits = 0;
  Span span{node.member_span.begin, node.member_span.begin};
  for (const std::string_view name : split(node.member, '.')) {
    span = {span.begin, span.begin + name.size()};
    const auto found = type::find_member(target_.info->types(), complete(container, span), name);
    if (!found) return fail(no_member(std::string(name), container, span));
    if (found->bit_size != 0) return fail(error(fmt::format("'{}' is a bitfield and has no address", name), span));
    bits += found->bit_offset;
    container = found->type;
    span.begin = span.end + 1;
  }
  return bits / 8;
}

Result<Place> Walker::container_of(const expr::ContainerOf& node, const expr::Node& whole) {
  const Span so_far = argument_.tree.at(node.base).span;
  DTP_TRY(Place place, walk(node.base));
  DTP_TRY(place, decay(std::move(place), so_far));
  DTP_TRY(const type::Id container, resolve(node.type));
  type::Table& types = target_.info->types();
  if (!is_aggregate(types.at(type::strip(types, container)).kind))
    return fail(error(fmt::format("'{}' is not a struct or union", type::declare(types, container)), node.type.span));
  if (place.type && types.at(type::strip(types, *place.type)).kind != Kind::pointer)
    return fail(error(fmt::format("'{}' is '{}', not a pointer", text_of(so_far), type_name(place)), so_far));
  DTP_TRY(const std::uint64_t offset, member_offset(container, node));
  if (place.in_memory) {
    DTP_CHECK(load(place, so_far));
  }
  place.offset -= static_cast<std::int64_t>(offset);
  place.type = types.add_pointer(container);
  place.event_field = nullptr;
  place.is_usdt = false;
  place.is_plain_variable = false;
  note(whole.span, place, fmt::format("container, {} is at +{}", node.member, offset));
  return place;
}

}  // namespace dtp::lower
