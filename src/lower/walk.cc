#include "lower/walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "type/query.h"

namespace dtp::lower {
namespace {

using type::Kind;

bool is_aggregate(Kind kind) { return kind == Kind::structure || kind == Kind::union_ || kind == Kind::class_; }

bool is_static(const path::Base& base) {
  return std::holds_alternative<path::Symbol>(base) || std::holds_alternative<path::Address>(base) ||
         std::holds_alternative<path::FileOffset>(base);
}

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
  steps_.push_back(
      {text_of(span), type_name(place), path_of(place), place.in_memory ? 0 : place.offset, std::move(note)});
}

Result<void> Walker::load(Place& place, Span span) const {
  if (!place.in_memory) {
    const bool is_address = place.base_is_address && place.derefs.empty() && !place.is_plain_variable;
    if (place.offset != 0 || is_address)
      return fail(error("its address is computed here and cannot be fetched as a value", span,
                        "read a member through it instead"));
    return {};
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
  Result<Place> place = variable(node.name, whole.span);
  if (place || target_.info == nullptr || is_variable(node.name)) return place;
  if (const auto value = target_.info->find_enumerator(node.name))
    return constant(*value, node.name, whole.span, "enumerator");
  return place;
}

bool Walker::is_variable(const std::string& name) const {
  if (spot_.tracepoint != nullptr)
    return std::ranges::find(spot_.tracepoint->fields, name, &TracepointField::name) != spot_.tracepoint->fields.end();
  if (target_.info == nullptr || !spot_.has_instance) return false;
  const std::vector<debug::Variable> known = target_.info->find_variables(spot_.instance, spot_.address);
  return std::ranges::find(known, name, &debug::Variable::name) != known.end();
}

Error Walker::no_variable(const std::string& name, Span span, const std::vector<debug::Variable>& known) const {
  std::vector<std::string_view> names;
  std::string listed;
  constexpr std::size_t most_listed = 10;
  std::size_t count = 0;
  for (const debug::Variable& variable : known) {
    if (variable.role == debug::Role::global) continue;
    names.push_back(variable.name);
    if (++count <= most_listed) listed += (listed.empty() ? "" : ", ") + variable.name;
  }
  if (count > most_listed) listed += ", ...";
  std::string hint = base::did_you_mean(base::nearest(name, names));
  if (!listed.empty()) hint += (hint.empty() ? "" : " ") + fmt::format("{} has: {}", spot_.instance.function, listed);
  if (hint.empty()) hint = fmt::format("{} has no variables here", spot_.instance.function);
  return error(fmt::format("there is no variable '{}' here", name), span, std::move(hint));
}

Error Walker::unknown_function(const std::string& name, Span span) const {
  return error(fmt::format("'{}' is not known: the debug information does not describe this function, or not this one "
                           "of several of its name",
                           name),
               span, "use registers: %di, %si, %dx, %cx, %r8, %r9 hold the first arguments at the entry");
}

Result<Place> Walker::variable(const std::string& name, Span span) {
  if (spot_.tracepoint != nullptr) return event_field(name, span);
  if (spot_.site.is_return) return parameter_at_return(name, span);
  if (target_.info == nullptr) return fail(no_info(name, span));
  if (!spot_.has_instance) return fail(unknown_function(name, span));
  const std::vector<debug::Variable> known = target_.info->find_variables(spot_.instance, spot_.address);
  const auto found = std::ranges::find(known, name, &debug::Variable::name);
  if (found == known.end()) return fail(no_variable(name, span, known));
  return located(*found, span);
}

// "vfs_read+0": of many instances, the one that is meant.
std::string Walker::spot_name() const {
  if (spot_.site.symbol.empty()) return fmt::format("{}:{:#x}", spot_.instance.function, spot_.site.address);
  return fmt::format("{}+{}", spot_.site.symbol, spot_.site.offset);
}

// The kernel reads @+OFFSET at OFFSET bytes from where the file's start would be if all of it were mapped as the probed
// code is. Data is mapped at another distance from its place in the file than code: what counts is the address.
path::FileOffset Walker::static_memory(std::uint64_t address) const {
  return {address - (spot_.address - spot_.site.address)};
}

Result<Place> Walker::located(const debug::Variable& variable, Span span) {
  const debug::Whereabouts where = target_.info->locate(spot_.instance, spot_.address, variable);
  if (const auto* missing = std::get_if<debug::Unavailable>(&where))
    return fail(error(fmt::format("'{}' cannot be read at {}: {}", variable.name, spot_name(), missing->text), span));
  const auto& location = std::get<debug::Location>(where);
  Place place{.base = location.base,
              .derefs = location.derefs,
              .offset = location.offset,
              .in_memory = location.kind == debug::Location::Kind::memory,
              .base_is_address = is_static(location.base),
              .user = argument_.user,
              .type = variable.type,
              .name = variable.name,
              .is_plain_variable = true};
  if (auto* symbol = std::get_if<path::Symbol>(&place.base)) symbol->with_offset = true;
  if (const auto* address = std::get_if<path::Address>(&place.base)) {
    if (!target_.is_user()) {
      place.base = path::Symbol{.name = variable.name, .offset = 0, .with_offset = true};
    } else {
      place.base = static_memory(address->address);
    }
  }
  note(span, place,
       variable.role == debug::Role::parameter ? "parameter"
       : variable.role == debug::Role::local   ? "variable"
                                               : "global");
  return place;
}

// What a pointer points at. Arrays decay: their own memory is meant.
Result<Place> Walker::follow_pointer(Place place, Span span) const {
  type::Table& types = target_.info->types();
  const type::Type& plain = types.at(type::strip(types, *place.type));
  if (plain.kind == Kind::array) {
    place.type = plain.target;
    return place;
  }
  // A pointer that is a register plus an offset is one: the offset goes into the next read.
  if (place.in_memory) {
    DTP_CHECK(load(place, span));
  }
  place.in_memory = true;
  place.type = plain.target;
  return place;
}

Error Walker::no_member(const std::string& name, type::Id type, Span span) const {
  type::Table& types = target_.info->types();
  const std::string declared = type::declare(types, type);
  // perf does not look into other units either; a type that is named in a cast is looked for in all of them.
  if (const type::Id definition = complete(type); definition != type)
    return error(
        fmt::format("'{}' is only declared where this function is", declared), span,
        fmt::format("a cast finds its definition: (({} *)POINTER)->{}", type::declare(types, definition), name));
  if (types.at(type::strip(types, type)).is_declaration)
    return error(fmt::format("'{}' is declared but not defined in this debug information", declared), span);
  const std::vector<std::string> names = type::member_names(types, type);
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
  DTP_TRY(Place place, walk(node.base));
  const Span so_far = argument_.tree.at(node.base).span;
  const Span step{so_far.end, whole.tail.end};
  DTP_CHECK(know_type(place, so_far));
  if (!place.type) return fail(error("the type of this is not known, so it has no members", so_far));
  type::Table& types = target_.info->types();
  const type::Type& plain = types.at(type::strip(types, *place.type));
  const bool is_pointer = plain.kind == Kind::pointer || plain.kind == Kind::array;
  const std::string declared = type_name(place);
  const std::string left = text_of(so_far);
  if (plain.kind == Kind::reference) {
    DTP_TRY(place, follow_pointer(std::move(place), so_far));
  } else if (is_pointer) {
    const Kind target = types.at(type::strip(types, plain.target)).kind;
    if (target == Kind::void_)
      return fail(error(fmt::format("'{}' is '{}': what it points to is not known", left, declared), so_far));
    if (!is_aggregate(target))
      return fail(error(fmt::format("'{}' is '{}', which has no members", left, declared), so_far));
    if (!node.arrow)
      return fail(error(fmt::format("'{}' is a pointer", left), {step.begin, step.begin + 1},
                        fmt::format("write {}->{}", left, node.name)));
    DTP_TRY(place, follow_pointer(std::move(place), so_far));
  } else if (!is_aggregate(plain.kind)) {
    return fail(error(fmt::format("'{}' is '{}', not a pointer or a struct", left, declared), so_far));
  } else if (node.arrow) {
    return fail(error(fmt::format("'{}' is '{}', not a pointer", left, declared), {step.begin, step.begin + 2},
                      fmt::format("write {}.{}", left, node.name)));
  }
  const auto found = type::find_member(types, *place.type, node.name);
  if (!found) return fail(no_member(node.name, *place.type, whole.tail));
  place.type = found->type;
  place.bit_size = found->bit_size;
  if (place.in_memory && found->bit_size == 0)
    place.offset += static_cast<std::int64_t>(found->bit_offset / 8);
  else
    place.bit_offset += static_cast<std::uint32_t>(found->bit_offset);
  place.name = node.name;
  place.is_plain_variable = false;
  note({whole.span.begin, whole.tail.end}, place,
       found->bit_size == 0 ? fmt::format("member at +{}", found->bit_offset / 8)
                            : fmt::format("{} bits at bit {}", found->bit_size, found->bit_offset));
  return place;
}

Result<Place> Walker::index(const expr::Index& node, const expr::Node& whole) {
  DTP_TRY(Place place, walk(node.base));
  const Span so_far = argument_.tree.at(node.base).span;
  DTP_CHECK(know_type(place, so_far));
  if (!place.type) return fail(error("the type of this is not known, so it has no elements", so_far));
  type::Table& types = target_.info->types();
  const type::Type& plain = types.at(type::strip(types, *place.type));
  const std::string declared = type_name(place);
  if (plain.kind != Kind::pointer && plain.kind != Kind::array)
    return fail(error(fmt::format("'{}' is not a pointer or an array", declared), whole.tail));
  if (plain.kind == Kind::array && node.index < 0)
    return fail(error(fmt::format("'{}' begins at element 0", declared), whole.tail));
  // Arrays at the end of a struct are often declared shorter than they are.
  if (plain.kind == Kind::array && plain.count.value_or(0) > 0 &&
      static_cast<std::uint64_t>(node.index) >= *plain.count)
    warnings_.push_back(error(fmt::format("'{}' has the elements 0 to {}", declared, *plain.count - 1), whole.tail));
  const std::uint64_t size = type::size_of(types, plain.target);
  if (size == 0) return fail(error(fmt::format("the size of the elements of '{}' is not known", declared), whole.tail));
  if (plain.kind == Kind::array && !place.in_memory)
    return fail(error("this array is in a register and has no address", so_far));
  std::int64_t offset = 0;
  if (__builtin_mul_overflow(node.index, static_cast<std::int64_t>(size), &offset))
    return fail(error("the index is too large", whole.tail));
  DTP_TRY(place, follow_pointer(std::move(place), so_far));
  place.offset += offset;
  place.is_plain_variable = false;
  note(whole.span, place, fmt::format("element of {} bytes at {:+}", size, offset));
  return place;
}

// +N(X): X is an address; what lies N bytes behind it.
Result<Place> Walker::deref(const expr::Deref& node, const expr::Node& whole) {
  DTP_TRY(Place place, walk(node.base));
  DTP_CHECK(load(place, argument_.tree.at(node.base).span));
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
  if (!spot_.site.is_return)
    return fail(error("'$retval' is known only when the function returns", whole.span, "probe FUNCTION%return"));
  Place place{.base = path::ReturnValue{}, .user = argument_.user};
  if (spot_.has_instance && target_.info != nullptr) {
    const type::Id result = target_.info->find_result_type(spot_.instance);
    if (result.key != 0) place.type = result;
  }
  note(whole.span, place, "return value");
  return place;
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
