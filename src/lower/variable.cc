// Variables by their names, of this unit and of others, and how a fetch-arg reaches what the debug information says of
// them.
#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "debug/source_path.h"
#include "lower/walk.h"
#include "type/query.h"

namespace dtp::lower {
namespace {

using debug::Location;

bool is_static(const path::Base& base) {
  return std::holds_alternative<path::Symbol>(base) || std::holds_alternative<path::Address>(base) ||
         std::holds_alternative<path::FileOffset>(base);
}

}  // namespace

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

// geo::Kind::red
Error Walker::no_scoped_name(const std::string& name, Span span) const {
  type::Table& types = target_.info->types();
  const auto scope = target_.info->find_type(name.substr(0, name.rfind("::")));
  std::string hint;
  if (scope) {
    std::vector<std::string> names;
    for (const type::Enumerator& known : types.at(type::strip(types, *scope)).enumerators) names.push_back(known.name);
    const std::vector<std::string_view> views(names.begin(), names.end());
    hint = base::did_you_mean(base::nearest(name.substr(name.rfind(':') + 1), views));
    if (hint.empty() && !names.empty()) hint = "it has: " + base::list_some(names, 12);
  }
  return error(fmt::format("there is no variable or enumerator '{}'", name), span, std::move(hint));
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
  if (found != known.end()) return located(*found, span);
  const std::vector<debug::Global> globals = target_.info->find_globals(name, target_.is_user());
  if (!globals.empty()) return one_of(globals, name, span);
  return fail(name.contains("::") ? no_scoped_name(name, span) : no_variable(name, span, known));
}

// NAME@FILE
Result<Place> Walker::global(const std::string& name, const std::string& file, Span span) {
  if (spot_.tracepoint != nullptr) return fail(error("a tracepoint has fields and no variables", span));
  if (target_.info == nullptr) return fail(no_info(name, span));
  std::vector<debug::Global> globals = target_.info->find_globals(name, target_.is_user());
  const std::vector<debug::Global> all = globals;
  std::erase_if(globals, [&](const debug::Global& one) { return !debug::matches_tail(one.file, file); });
  if (!globals.empty()) return one_of(globals, name, span);
  const Span file_span{span.begin + name.size() + 1, span.end};
  if (all.empty()) return fail(error(fmt::format("there is no global or static variable '{}'", name), span));
  return fail(error(fmt::format("there is no '{}' in '{}'", name, file), file_span, "it is in " + files_of(all)));
}

std::string Walker::files_of(const std::vector<debug::Global>& globals) {
  constexpr std::size_t most_listed = 6;
  std::vector<std::string> files;
  for (const debug::Global& one : globals) files.push_back(one.file.empty() ? "a file without a name" : one.file);
  if (files.size() > most_listed) {
    files.resize(most_listed);
    files.emplace_back("...");
  }
  return fmt::format("{}", fmt::join(files, ", "));
}

Result<Place> Walker::one_of(const std::vector<debug::Global>& globals, const std::string& name, Span span) {
  if (globals.size() == 1) return located(globals[0].variable, span);
  return fail(error(fmt::format("there are {} static variables '{}'", globals.size(), name), span,
                    fmt::format("say of which file, as {}@FILE: {}", name, files_of(globals))));
}

// "vfs_read+0": of many instances, the one that is meant.
std::string Walker::spot_name() const {
  if (spot_.site.symbol.empty()) return fmt::format("{}:{:#x}", spot_.instance.function, spot_.site.address);
  return fmt::format("{}+{}", spot_.site.symbol, spot_.site.offset);
}

Error Walker::unavailable(const debug::Variable& variable, const debug::Unavailable& missing, Span span) const {
  return error(fmt::format("'{}' cannot be read at {}: {}", variable.name, spot_name(), missing.text), span,
               missing.hint);
}

Result<Place> Walker::located(const debug::Variable& variable, Span span) {
  const debug::Whereabouts where = target_.info->locate(spot_.instance, spot_.address, variable);
  if (const auto* missing = std::get_if<debug::Unavailable>(&where)) return fail(unavailable(variable, *missing, span));
  Place place{.user = argument_.user, .type = variable.type, .name = variable.name, .is_plain_variable = true};
  DTP_CHECK(put(place, std::get<Location>(where), span));
  note(span, place,
       variable.role == debug::Role::parameter ? "parameter"
       : variable.role == debug::Role::local   ? "variable"
                                               : "global");
  return place;
}

Result<void> Walker::put(Place& place, const Location& location, Span span) const {
  place.base = location.base;
  place.derefs = location.derefs;
  place.offset = location.offset;
  place.in_memory = location.kind == Location::Kind::memory;
  place.base_is_address = is_static(location.base);
  place.parts = location.parts;
  place.is_pointee = location.kind == Location::Kind::pointee;
  if (!place.base_is_address) return {};
  return target_.is_user() ? put_in_process(place, span) : put_in_kernel(place, span);
}

// @+OFF is relative to where the probe is: the kernel adds it to the probe's own address less the probe's offset in the
// file (translate_user_vaddr() in kernel/trace/trace_uprobe.c). So OFF is counted from where the file's first byte
// would lie if all of it were mapped as its code is; data that the file does not have, as .bss, can be reached as well.
Result<void> Walker::put_in_process(Place& place, Span span) const {
  std::optional<std::uint64_t> address;
  if (const auto* known = std::get_if<path::Address>(&place.base)) address = known->address;
  if (const auto* symbol = std::get_if<path::Symbol>(&place.base); symbol != nullptr) {
    const auto found = target_.symbols().find(symbol->name);
    if (!found.empty()) address = found[0]->address + static_cast<std::uint64_t>(symbol->offset);
  }
  if (!address) return fail(error(fmt::format("'{}' is defined in another program or library", place.name), span));
  if (*address < spot_.address - spot_.site.address)
    return fail(error(fmt::format("'{}' lies before the code, and a probe reads what is behind it", place.name), span));
  place.base = static_memory(*address);
  return {};
}

path::FileOffset Walker::static_memory(std::uint64_t address) const {
  return {address - (spot_.address - spot_.site.address)};
}

// The kernel finds a symbol by its name; of several of one name it takes any. A variable of a function has a symbol
// with a number behind its name. Such are counted from the start of the kernel.
Result<void> Walker::put_in_kernel(Place& place, Span span) const {
  const debug::Symbols& symbols = target_.symbols();
  const auto first = [&](std::string_view name) {
    const auto found = symbols.find(name);
    return found.empty() ? nullptr : found[0];
  };
  const auto* known = std::get_if<path::Address>(&place.base);
  std::optional<std::uint64_t> address;
  if (known != nullptr) address = known->address;
  if (auto* symbol = std::get_if<path::Symbol>(&place.base); symbol != nullptr) {
    symbol->with_offset = true;
    if (const auto* one = first(symbol->name)) address = one->address;
  }
  const debug::Symbol* begin = first("__per_cpu_start");
  const debug::Symbol* end = first("__per_cpu_end");
  if (address && begin != nullptr && end != nullptr && *address >= begin->address && *address < end->address)
    return fail(
        error(fmt::format("'{}' is a per-CPU variable: its address differs from CPU to CPU", place.name), span));
  if (known == nullptr) return {};
  path::Symbol symbol{.name = place.name, .with_offset = true};
  const auto own = symbols.find(place.name);
  const debug::Symbol* start = target_.kind == Target::Kind::kernel ? first("_text") : nullptr;
  if (own.size() == 1 && *address >= own[0]->address &&
      *address - own[0]->address < std::max<std::uint64_t>(own[0]->size, 1))
    symbol.offset = static_cast<std::int64_t>(*address - own[0]->address);
  else if (start != nullptr && *address >= start->address)
    symbol = {.name = "_text", .offset = static_cast<std::int64_t>(*address - start->address), .with_offset = true};
  place.base = std::move(symbol);
  return {};
}

// Of an object in pieces the one that holds what is meant.
Result<void> Walker::settle(Place& place, Span span) const {
  if (place.parts == nullptr || place.is_pointee) return {};
  const auto parts = place.parts;
  const std::uint64_t bytes = type::size_of(target_.info->types(), *place.type);
  const std::uint64_t bits = place.bit_size != 0 ? place.bit_size : bytes * 8;
  std::uint64_t begin = 0;
  for (const debug::Piece& piece : *parts) {
    const std::uint64_t end = piece.bits == 0 ? UINT64_MAX : begin + piece.bits;
    if (place.bit_offset >= begin && place.bit_offset + bits <= end && bits != 0)
      return put_piece(place, piece, static_cast<std::uint32_t>(place.bit_offset - begin), bits, span);
    begin = end;
  }
  std::string members;
  if (place.type)
    for (const std::string& name : type::member_names(target_.info->types(), *place.type))
      members += fmt::format("{}{}.{}", members.empty() ? ": " : ", ", text_of(span), name);
  return fail(error(fmt::format("'{}' is split over several places there", text_of(span)), span,
                    "read a member of it that is in one of them" + members));
}

Result<void> Walker::put_piece(Place& place, const debug::Piece& piece, std::uint32_t bit, std::uint64_t bits,
                               Span span) const {
  if (const auto* missing = std::get_if<debug::Unavailable>(&piece.at))
    return fail(error(fmt::format("'{}' cannot be read at {}: {}", text_of(span), spot_name(), missing->text), span,
                      missing->hint));
  const auto& location = std::get<Location>(piece.at);
  DTP_CHECK(put(place, location, span));
  place.bit_offset = bit + static_cast<std::uint32_t>(piece.bit_offset);
  if (place.in_memory) {
    place.offset += place.bit_offset / 8;
    place.bit_offset = place.bit_size == 0 ? 0 : place.bit_offset % 8;
  }
  take_constant(place, bits);
  return {};
}

// A part of a constant is one.
void Walker::take_constant(Place& place, std::uint64_t bits) {
  auto* constant = std::get_if<path::Constant>(&place.base);
  if (constant == nullptr || !place.derefs.empty() || place.in_memory || place.offset != 0 || bits == 0 || bits >= 64 ||
      place.bit_offset >= 64)
    return;
  const auto value = static_cast<std::uint64_t>(constant->value) >> place.bit_offset;
  constant->value = static_cast<std::int64_t>(value & ((std::uint64_t{1} << bits) - 1));
  place.bit_offset = 0;
  place.bit_size = 0;
}

// A pointer that is nowhere, for the compiler knows where it points: what is there.
Result<Place> Walker::pointee(Place place, type::Id target, Span span) const {
  const debug::Piece piece = place.parts->front();
  const std::int64_t offset = place.offset;
  if (const auto* missing = std::get_if<debug::Unavailable>(&piece.at))
    return fail(error(missing->text, span, missing->hint));
  DTP_CHECK(put(place, std::get<Location>(piece.at), span));
  place.type = target;
  if (place.in_memory)
    place.offset += offset;
  else if (offset >= 0)
    place.bit_offset += static_cast<std::uint32_t>(offset) * 8;
  else
    return fail(error("what it points to is not described there", span));
  return place;
}

}  // namespace dtp::lower
