// Go's string has `str` and `len`, a slice `array`, `len` and `cap`; types made of them have names of their own. Rust's
// pointers to what has no fixed size (&str, &[T], Box<[T]>) have `data_ptr` and `length`. Vec has `buf` and `len`; where
// in `buf` its pointer is differs from one version of the standard library to the next, and the pointer may be one to
// bytes: then the type's argument tells what the elements are. String has `vec`.
#include "lower/sequence.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "lower/walk.h"
#include "type/query.h"

namespace dtp::lower {
namespace {

using type::Kind;

const type::Type& plain(type::Table& types, type::Id id) { return types.at(type::strip(types, id)); }

// Further than any version of the standard library nests them.
constexpr int deepest_buffer = 6;

// From a buffer to its pointer; empty: there is none.
std::vector<std::string> find_pointer(type::Table& types, type::Id buffer) {
  constexpr std::array<std::string_view, 3> names{"inner", "ptr", "pointer"};
  std::vector<std::string> way;
  for (int depth = 0; depth < deepest_buffer; ++depth) {
    if (plain(types, buffer).kind == Kind::pointer) return way;
    const auto next = std::ranges::find_if(
        names, [&](std::string_view name) { return type::find_member(types, buffer, name).has_value(); });
    if (next == names.end()) return {};
    buffer = type::find_member(types, buffer, *next)->type;
    way.emplace_back(*next);
  }
  return {};
}

// The element's type of a pair of members; none: it is not such a pair.
std::optional<type::Id> element_of(type::Table& types, type::Id id, std::string_view pointer, std::string_view length) {
  const auto data = type::find_member(types, id, pointer);
  const auto count = type::find_member(types, id, length);
  if (!data || !count || plain(types, data->type).kind != Kind::pointer || type::size_of(types, count->type) != 8)
    return std::nullopt;
  return plain(types, data->type).target;
}

std::optional<Sequence> vector_of(type::Table& types, type::Id id, std::string_view name) {
  const auto buffer = type::find_member(types, id, "buf");
  const auto length = type::find_member(types, id, "len");
  if (!name.starts_with("Vec<") || !buffer || !length || type::size_of(types, length->type) != 8) return std::nullopt;
  Sequence vector{.pointer = find_pointer(types, buffer->type), .length = {"len"}};
  const std::vector<type::Id>& arguments = plain(types, id).arguments;
  if (vector.pointer.empty() || arguments.empty()) return std::nullopt;
  vector.pointer.insert(vector.pointer.begin(), "buf");
  vector.element = arguments.front();
  return vector;
}

std::optional<Sequence> within(std::optional<Sequence> inner, const std::string& member) {
  if (!inner) return inner;
  inner->pointer.insert(inner->pointer.begin(), member);
  inner->length.insert(inner->length.begin(), member);
  return inner;
}

// "&str", "&mut str", "alloc::boxed::Box<str, alloc::alloc::Global>"
bool is_text_pointer(std::string_view name) {
  return name.ends_with("str") || name.contains("<str>") || name.contains("<str,");
}

}  // namespace

bool is_reference(const type::Type& plain) { return plain.kind == Kind::pointer && plain.name.starts_with('&'); }

std::optional<Sequence> sequence_of(type::Table& types, type::Id id) {
  if (is_reference(plain(types, id))) id = plain(types, id).target;
  const type::Type type = plain(types, id);
  if (type.kind != Kind::structure || type.has_tag) return std::nullopt;
  if (const auto element = element_of(types, id, "str", "len"); element && type.members.size() == 2)
    return Sequence{{"str"}, {"len"}, *element, true};
  if (const auto element = element_of(types, id, "array", "len"); element && type.members.size() == 3)
    return Sequence{{"array"}, {"len"}, *element, false};
  if (const auto element = element_of(types, id, "data_ptr", "length"))
    return Sequence{{"data_ptr"}, {"length"}, *element, is_text_pointer(type.name)};
  if (const auto bytes = type::find_member(types, id, "vec"); bytes && type.name == "String") {
    auto string = within(vector_of(types, bytes->type, plain(types, bytes->type).name), "vec");
    if (string) string->is_text = true;
    return string;
  }
  return vector_of(types, id, type.name);
}

Result<Place> Walker::step_along(Place place, const std::vector<std::string>& names, Span span) {
  type::Table& types = target_.info->types();
  if (is_reference(types.at(type::strip(types, *place.type)))) {
    DTP_TRY(place, follow_pointer(std::move(place), span));
  }
  for (const std::string& name : names) {
    DTP_TRY(place, step_into(std::move(place), name, span, span));
  }
  return place;
}

Result<Place> Walker::first_element(Place place, const Sequence& sequence, Span span) {
  const std::size_t steps = steps_.size();
  auto length = std::make_shared<Place>();
  DTP_TRY(*length, step_along(place, sequence.length, span));
  DTP_TRY(place, step_along(std::move(place), sequence.pointer, span));
  steps_.resize(steps);  // the way there is not the user's
  place.type = target_.info->types().add_pointer(sequence.element);
  place.length = std::move(length);
  return place;
}

}  // namespace dtp::lower
