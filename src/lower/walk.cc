#include "lower/walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "type/query.h"

namespace dtp::lower {
namespace {

using type::Kind;

bool is_aggregate(Kind kind) { return kind == Kind::structure || kind == Kind::union_ || kind == Kind::class_; }

void add_to_base(path::Base& base, std::int64_t offset) {
  if (auto* symbol = std::get_if<path::Symbol>(&base))
    symbol->offset += offset;
  else if (auto* address = std::get_if<path::Address>(&base))
    address->address += static_cast<std::uint64_t>(offset);
  else if (auto* file = std::get_if<path::FileOffset>(&base))
    file->offset += static_cast<std::uint64_t>(offset);
}

// The place as if it were fetched now.
path::Path path_of(const Place& place) {
  path::Path path{.base = place.base, .derefs = place.derefs};
  if (!place.in_memory) return path;
  if (place.base_is_address && place.derefs.empty())
    add_to_base(path.base, place.offset);
  else
    path.derefs.push_back({place.offset, place.user});
  return path;
}

bool is_number(std::string_view name) { return name[0] >= '0' && name[0] <= '9'; }

}  // namespace

Error Walker::error(std::string what, Span span, std::string hint) const {
  return {.what = std::move(what),
          .where = Where{fmt::format("argument {}", number_), argument_.text, span},
          .hint = std::move(hint),
          .status = Status::wrong_request};
}

std::string Walker::type_name(const Place& place) const {
  return place.type && target_.info != nullptr ? type::declare(target_.info->types(), *place.type) : "";
}

void Walker::note(Span span, const Place& place, std::string note) {
  this->note(text_of(span), place, std::move(note));
}

void Walker::note(std::string text, const Place& place, std::string note) {
  Place shown = place;
  std::optional<path::Path> path;
  if (settle(shown, {})) path = path_of(shown);
  steps_.push_back(
      {std::move(text), type_name(place), std::move(path), shown.in_memory ? 0 : shown.offset, std::move(note)});
}

std::string Walker::through_it(const Place& place) const {
  if (!place.type) return {};
  type::Table& types = target_.info->types();
  const type::Type& plain = types.at(type::strip(types, *place.type));
  if (plain.kind != Kind::pointer) return {};
  const std::vector<std::string> names = type::member_names(types, plain.target);
  return names.empty() ? "" : fmt::format("read a member through it: {}->{}", place.name, names.front());
}

Result<void> Walker::load(Place& place, Span span) const {
  if (!place.in_memory) {
    if (place.parts != nullptr)
      return fail(error(
          fmt::format("'{}' is a pointer that is optimised out there; only what it points to can be read", place.name),
          span));
    const bool is_address = place.base_is_address && place.derefs.empty();
    if (place.offset == 0 && !is_address) return {};
    if (is_address && place.is_plain_variable)
      return fail(error(fmt::format("'{}' is a fixed address there, in no register or memory", place.name), span,
                        through_it(place)));
    const auto* in = std::get_if<path::Register>(&place.base);
    if (place.is_plain_variable && in != nullptr && place.derefs.empty())
      return fail(error(fmt::format("'{}' is computed there, as %{}{:+}, and a fetch-arg does not add", place.name,
                                    arch::fetch_name(*target_.arch, in->number).value_or("?"), place.offset),
                        span, through_it(place)));
    return fail(error("its address is computed here and cannot be fetched as a value", span,
                      "read a member through it instead"));
  }
  path::Path path = path_of(place);
  place.base = std::move(path.base);
  place.derefs = std::move(path.derefs);
  place.base_is_address = false;
  place.offset = 0;
  place.in_memory = false;
  return {};
}

Result<Place> Walker::walk(expr::NodeId id) {
  const expr::Node& whole = argument_.tree.at(id);
  if (const auto number = usdt_number(whole)) return usdt_argument(*number, whole.span);
  if (const auto* node = std::get_if<expr::Name>(&whole.of)) return name(*node, whole);
  if (const auto* node = std::get_if<expr::Member>(&whole.of)) return member(*node, whole);
  if (const auto* node = std::get_if<expr::Index>(&whole.of)) return index(*node, whole);
  if (const auto* node = std::get_if<expr::Cast>(&whole.of)) return cast(*node, whole);
  if (const auto* node = std::get_if<expr::AddressOf>(&whole.of)) return address_of(*node, whole);
  if (const auto* node = std::get_if<expr::SizeOfType>(&whole.of)) return size_of_type(*node, whole);
  if (const auto* node = std::get_if<expr::SizeOfValue>(&whole.of)) return size_of_value(*node, whole);
  if (const auto* node = std::get_if<expr::ContainerOf>(&whole.of)) return container_of(*node, whole);
  if (const auto* node = std::get_if<expr::Deref>(&whole.of)) return deref(*node, whole);
  if (std::holds_alternative<expr::ReturnValue>(whole.of)) return return_value(whole);
  return raw(whole);
}

// A variable hides an enumerator of its name, also where it cannot be read.
Result<Place> Walker::name(const expr::Name& node, const expr::Node& whole) {
  if (!node.file.empty()) return global(node.name, node.file, whole.span);
  Result<Place> place = variable(node.name, whole.span);
  if (place || target_.info == nullptr || is_variable(node.name)) return place;
  if (auto own = own_member(node.name, whole.span)) return *own;
  if (const auto value = target_.info->find_enumerator(node.name))
    return constant(*value, node.name.substr(node.name.rfind(':') + 1), whole.span, "enumerator");
  return place;
}

// In a method the members of its object have names of their own.
std::optional<Result<Place>> Walker::own_member(const std::string& name, Span span) {
  if (spot_.site.is_return || !is_variable("this")) return std::nullopt;
  const Result<Place> object = variable("this", span);
  if (!object || !object->type) return std::nullopt;
  type::Table& types = target_.info->types();
  const type::Id pointee = types.at(type::strip(types, *object->type)).target;
  if (!type::find_member(types, complete(pointee, span), name)) return std::nullopt;
  Result<Place> place = follow_pointer(*object, span);
  if (!place) return place;
  return step_into(std::move(*place), name, span, span);
}

// What a pointer points at. Arrays decay: their own memory is meant.
Result<Place> Walker::follow_pointer(Place place, Span span) {
  type::Table& types = target_.info->types();
  const type::Type& plain = types.at(type::strip(types, *place.type));
  if (plain.kind == Kind::array) {
    place.type = plain.target;
    return place;
  }
  if (place.parts != nullptr && place.is_pointee) return pointee(std::move(place), plain.target, span);
  DTP_CHECK(settle(place, span));
  // A pointer that is a register plus an offset is one: the offset goes into the next read.
  if (place.in_memory) {
    DTP_CHECK(load(place, span));
  }
  place.in_memory = true;
  place.type = plain.target;
  return place;
}

Result<Place> Walker::follow_reference(Place place, Span span) {
  type::Table& types = target_.info->types();
  if (types.at(type::strip(types, *place.type)).kind != Kind::reference) return place;
  return follow_pointer(std::move(place), span);
}

void enter(Place& place, const type::FoundMember& member) {
  place.type = member.type;
  place.length.reset();
  place.bit_size = member.bit_size;
  if (place.in_memory && member.bit_size == 0)
    place.offset += static_cast<std::int64_t>(member.bit_offset / 8);
  else
    place.bit_offset += static_cast<std::uint32_t>(member.bit_offset);
}

bool Walker::stand_in(Place& place, Stands what, Span span) {
  const auto found = find_stand_in(target_.info->types(), complete(*place.type, span), what);
  if (!found) return false;
  enter(place, *found);
  note(span, place, fmt::format("{} the class stands for", what == Stands::text ? "text that" : "pointer that"));
  return true;
}

Result<void> Walker::take_text(Place& place, bool by_pointer, Span span) {
  type::Table& types = target_.info->types();
  const type::Type& plain = types.at(type::strip(types, *place.type));
  if (plain.kind == Kind::reference || (by_pointer && plain.kind == Kind::pointer)) {
    if (!find_stand_in(types, complete(plain.target, span), Stands::text)) return {};
    DTP_TRY(place, follow_pointer(std::move(place), span));
  }
  stand_in(place, Stands::text, span);
  return {};
}

Error Walker::incomplete(type::Id type, Span span, std::string hint) const {
  return error(fmt::format("'{}' is incomplete: it is declared, and no unit of the {} defines it",
                           type::declare(target_.info->types(), type), target_.info->source()),
               span, std::move(hint));
}

Error Walker::no_member(const std::string& name, type::Id type, Span span) const {
  type::Table& types = target_.info->types();
  const std::string declared = type::declare(types, type);
  if (types.at(type::strip(types, type)).is_declaration) return incomplete(type, span);
  if (type::is_in_virtual_base(types, type, name))
    return error(fmt::format("'{}' is in a virtual base of '{}': where that is, only the object knows", name, declared),
                 span, "cast to the base where its address is known");
  std::vector<std::string> names = type::member_names(types, type);
  if (is_number(name)) {
    std::erase_if(names, [](const std::string& known) { return !known.starts_with("__"); });
    for (std::string& known : names) known.erase(0, 2);
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  std::string hint = base::did_you_mean(base::nearest(name, views));
  if (hint.empty()) {
    constexpr std::size_t most_listed = 12;
    hint = "it has:";
    for (std::size_t i = 0; i < names.size() && i < most_listed; ++i) hint += (i > 0 ? ", " : " ") + names[i];
    if (names.size() > most_listed) hint += ", ...";
  }
  return error(fmt::format("'{}' has no member '{}'", declared, name), span, std::move(hint));
}

Result<Place> Walker::member(const expr::Member& node, const expr::Node& whole) {
  DTP_TRY(std::optional<Place> returned, one_of_returned(whole));
  if (returned) return *returned;
  DTP_TRY(Place place, walk(node.base));
  const Span so_far = argument_.tree.at(node.base).span;
  DTP_CHECK(check_single(place, so_far));
  const Span step{so_far.end, whole.tail.end};
  DTP_CHECK(know_type(place, so_far));
  if (!place.type) return fail(error("the type of this is not known, so it has no members", so_far));
  const std::string declared = type_name(place);
  const std::string left = text_of(so_far);
  type::Table& types = target_.info->types();
  // An arrow on a reference is no C++, but what perf wants to be written.
  const bool is_reference = types.at(type::strip(types, *place.type)).kind == Kind::reference;
  DTP_TRY(place, follow_reference(std::move(place), so_far));
  if (node.arrow) stand_in(place, Stands::pointer, so_far);
  const type::Type& plain = types.at(type::strip(types, *place.type));
  if (plain.kind == Kind::pointer || plain.kind == Kind::array) {
    const Kind target = types.at(type::strip(types, plain.target)).kind;
    if (target == Kind::void_)
      return fail(error(fmt::format("'{}' is '{}': what it points to is not known", left, declared), so_far));
    if (!is_aggregate(target))
      return fail(error(fmt::format("'{}' is '{}', which has no members", left, declared), so_far));
    // Go and Rust follow a pointer without an arrow.
    if (!node.arrow && !is_in_go_or_rust())
      return fail(error(fmt::format("'{}' is a pointer", left), {step.begin, step.begin + 1},
                        fmt::format("write {}->{}", left, node.name)));
    DTP_TRY(place, follow_pointer(std::move(place), so_far));
  } else if (!is_aggregate(plain.kind)) {
    return fail(error(fmt::format("'{}' is '{}', not a pointer or a struct", left, declared), so_far));
  } else if (node.arrow && !is_reference) {
    return fail(error(fmt::format("'{}' is '{}', not a pointer", left, declared), {step.begin, step.begin + 2},
                      fmt::format("write {}.{}", left, node.name)));
  }
  place.type = complete(*place.type, so_far);
  return step_into(std::move(place), node.name, {whole.span.begin, whole.tail.end}, whole.tail);
}

// From a whole struct to one of its members. `span` is all of the text up to it, `tail` its name.
Result<Place> Walker::step_into(Place place, const std::string& name, Span span, Span tail) {
  // What Rust calls .0 of a tuple, the debug information calls __0.
  const std::string known = is_number(name) ? "__" + name : name;
  const auto found = type::find_member(target_.info->types(), *place.type, known);
  if (!found) {
    if (const auto variable = static_member(*place.type, name, 0)) return located(*variable, span);
    return fail(no_member(name, *place.type, tail));
  }
  enter(place, *found);
  place.name = known;
  place.is_plain_variable = false;
  note(span, place,
       found->bit_size == 0 ? fmt::format("member at +{}", found->bit_offset / 8)
                            : fmt::format("{} bits at bit {}", found->bit_size, found->bit_offset));
  return place;
}

// Of a class or one of its bases: C++ lets an object stand for the scope.
std::optional<debug::Variable> Walker::static_member(type::Id owner, const std::string& name, int depth) const {
  constexpr int deepest_base = 8;
  const type::Type& type = target_.info->types().at(type::strip(target_.info->types(), owner));
  if (!target_.is_user() || !is_aggregate(type.kind) || depth > deepest_base) return std::nullopt;
  if (!type.name.empty()) {
    const std::vector<debug::Global> globals = target_.info->find_globals(type.name + "::" + name, true);
    if (globals.size() == 1) return globals[0].variable;
  }
  for (const type::Member& base : type.members)
    if (base.name.empty())
      if (auto found = static_member(base.type, name, depth + 1)) return found;
  return std::nullopt;
}

bool Walker::enter_discriminant(Place& place, Span span) {
  const type::Type& variants = target_.info->types().at(type::strip(target_.info->types(), *place.type));
  if (!variants.discriminant) return false;
  std::string known;
  for (const type::Enumerator& variant : variants.enumerators)
    known += fmt::format("{} {} is {}", known.empty() ? "" : ",", variant.value, variant.name);
  for (const type::Member& member : variants.members)
    if (std::ranges::find(variants.enumerators, member.name, &type::Enumerator::name) == variants.enumerators.end())
      known += fmt::format("{} others are {}", known.empty() ? "" : ",", member.name);
  const type::Member& discriminant = *variants.discriminant;
  enter(place, {discriminant.type, discriminant.bit_offset, discriminant.bit_size});
  note(span, place, "discriminant:" + known);
  return true;
}

Result<void> Walker::check_single(const Place& place, Span span) const {
  if (place.count == 0) return {};
  return fail(error(fmt::format("'{}' is several elements: they can be fetched, not followed", text_of(span)), span));
}

Result<Place> Walker::index(const expr::Index& node, const expr::Node& whole) {
  DTP_TRY(std::optional<Place> returned, one_of_returned(whole));
  if (returned) return *returned;
  DTP_TRY(Place place, walk(node.base));
  const Span so_far = argument_.tree.at(node.base).span;
  DTP_CHECK(check_single(place, so_far));
  DTP_CHECK(know_type(place, so_far));
  if (!place.type) return fail(error("the type of this is not known, so it has no elements", so_far));
  const std::string declared = type_name(place);
  DTP_TRY(place, follow_reference(std::move(place), so_far));
  if (!stand_in(place, Stands::pointer, so_far)) stand_in(place, Stands::elements, so_far);
  type::Table& types = target_.info->types();
  if (const auto sequence = sequence_of(types, *place.type)) {
    const std::string name = place.name;
    DTP_TRY(place, first_element(std::move(place), *sequence, so_far));
    place.name = name;
  }
  const type::Type& plain = types.at(type::strip(types, *place.type));
  if (plain.kind != Kind::pointer && plain.kind != Kind::array)
    return fail(error(fmt::format("'{}' is not a pointer or an array", declared), whole.tail));
  if (plain.kind == Kind::array && node.index < 0)
    return fail(error(fmt::format("'{}' begins at element 0", declared), whole.tail));
  // Arrays at the end of a struct are often declared shorter than they are.
  if (plain.kind == Kind::array && plain.count.value_or(0) > 0 &&
      static_cast<std::uint64_t>(node.last.value_or(node.index)) >= *plain.count)
    warnings_.push_back(error(fmt::format("'{}' has the elements 0 to {}", declared, *plain.count - 1), whole.tail));
  const type::Id element = complete(plain.target, so_far);
  const std::uint64_t size = type::size_of(types, element);
  if (types.at(type::strip(types, element)).is_declaration) return fail(incomplete(element, whole.tail));
  if (size == 0) return fail(error(fmt::format("the size of the elements of '{}' is not known", declared), whole.tail));
  std::int64_t offset = 0;
  if (__builtin_mul_overflow(node.index, static_cast<std::int64_t>(size), &offset))
    return fail(error("the index is too large", whole.tail));
  DTP_TRY(place, follow_pointer(std::move(place), so_far));
  place.type = element;
  if (place.in_memory) {
    place.offset += offset;
  } else {
    constexpr std::int64_t largest = 1 << 20;
    if (offset < 0 || offset > largest) return fail(error("this element is not in a register", whole.tail));
    place.bit_offset += static_cast<std::uint32_t>(offset) * 8;
  }
  if (node.last) place.count = static_cast<std::uint64_t>(*node.last - node.index) + 1;
  // The reader of the records cuts a slice off at the length, counted from the first element.
  if (!node.last || node.index != 0) place.length.reset();
  place.is_plain_variable = false;
  note(whole.span, place, fmt::format("{} of {} bytes at {:+}", node.last ? "elements" : "element", size, offset));
  return place;
}

// +N(X): X is an address; what lies N bytes behind it.
Result<Place> Walker::deref(const expr::Deref& node, const expr::Node& whole) {
  DTP_TRY(Place place, walk(node.base));
  const Span inner = argument_.tree.at(node.base).span;
  if (std::holds_alternative<path::Comm>(place.base)) return fail(error("'$comm' is text, not an address", inner));
  DTP_CHECK(load(place, inner));
  place.in_memory = true;
  place.offset = node.offset;
  place.user = node.user || argument_.user;
  place.type.reset();
  place.event_field = nullptr;
  place.is_usdt = false;
  place.name.clear();
  place.is_plain_variable = false;
  note(whole.span, place, "as written");
  return place;
}

Result<Place> Walker::return_value(const expr::Node& whole) {
  if (spot_.is_return_instruction) return go_return_value(whole);
  if (!spot_.site.is_return)
    return fail(error("'$retval' is known only when the function returns", whole.span, "probe FUNCTION%return"));
  Place place{.base = path::ReturnValue{}, .user = argument_.user};
  if (spot_.has_instance && target_.info != nullptr) {
    if (target_.info->returns_void(spot_.instance))
      warnings_.push_back(error(
          fmt::format("'{}' returns no value: this is what the register happens to hold", spot_.instance.function),
          whole.span));
    const type::Id result = target_.info->find_result_type(spot_.instance);
    if (result.key != 0) place.type = result;
  }
  note(whole.span, place, "return value");
  return place;
}

// Asked for by name, the kernel would find fault with the whole probe.
Result<void> Walker::check_symbol(const std::string& symbol, Span span) const {
  if (target_.is_user() || !target_.knows_symbol) return {};
  if (!target_.symbols().find(symbol).empty() || target_.knows_symbol(symbol)) return {};
  std::vector<std::string_view> names;
  for (const debug::Symbol& known : target_.symbols().all()) names.push_back(known.name);
  span.end = span.begin + 1 + symbol.size();
  return fail(error(fmt::format("there is no symbol '{}' in the kernel", symbol), span,
                    base::did_you_mean(base::nearest(symbol, names))));
}

Result<Place> Walker::raw(const expr::Node& whole) {
  Place place{.user = argument_.user};
  if (const auto* node = std::get_if<expr::Register>(&whole.of)) {
    if (!arch::is_known_register(*target_.arch, node->name)) {
      std::vector<std::string_view> names;
      for (const arch::RegisterName& known : target_.arch->registers) names.push_back(known.fetch);
      const bool is_long_name =
          node->name.starts_with('r') && arch::is_known_register(*target_.arch, std::string_view(node->name).substr(1));
      std::string hint = is_long_name ? fmt::format("the kernel calls it %{}", node->name.substr(1))
                                      : base::did_you_mean(base::nearest(node->name, names));
      if (hint.empty()) hint = "registers are %ax, %bx, %cx, %dx, %si, %di, %bp, %sp, %r8 to %r15, %ip, %flags";
      return fail(error(fmt::format("there is no register '%{}'", node->name), whole.span, std::move(hint)));
    }
    if (const auto number = arch::register_number(*target_.arch, node->name))
      place.base = path::Register{*number};
    else
      place.base = path::NamedRegister{node->name};
  } else if (const auto* symbol = std::get_if<expr::SymbolMemory>(&whole.of)) {
    DTP_CHECK(check_symbol(symbol->symbol, whole.span));
    place.base = path::Symbol{.name = symbol->symbol, .offset = symbol->offset};
  } else if (const auto* address = std::get_if<expr::AddressMemory>(&whole.of)) {
    place.base = path::Address{address->address};
  } else if (const auto* file = std::get_if<expr::FileMemory>(&whole.of)) {
    place.base = path::FileOffset{file->offset};
  } else if (const auto* argument = std::get_if<expr::Argument>(&whole.of)) {
    if (spot_.site.is_return && target_.ways && !target_.ways().arguments_at_return)
      return fail(error(fmt::format("'$arg{}' is not known when the function returns", argument->number), whole.span,
                        "this kernel does not keep the parameters until then: probe the entry"));
    place.base = path::Argument{argument->number};
  } else if (const auto* slot = std::get_if<expr::StackSlot>(&whole.of)) {
    place.base = path::StackSlot{slot->number};
  } else if (const auto* number = std::get_if<expr::Number>(&whole.of)) {
    place.base = path::Constant{.value = number->value};
  } else if (const auto* text = std::get_if<expr::Text>(&whole.of)) {
    place.base = path::Text{text->text};
  } else if (std::holds_alternative<expr::Comm>(whole.of)) {
    place.base = path::Comm{};
  } else if (std::holds_alternative<expr::StackPointer>(whole.of)) {
    place.base = path::StackPointer{};
  } else {
    return fail(error("this stands for several variables and cannot be part of an expression", whole.span));
  }
  note(whole.span, place, "as written");
  return place;
}

}  // namespace dtp::lower
