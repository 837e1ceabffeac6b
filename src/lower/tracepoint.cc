// Event probes (Documentation/trace/eprobetrace.rst): the kernel fetches from the record that a tracepoint has just
// made, not from registers. $FIELD is the field's value; of text it is the address, so that :string reads it. What a
// pointer points to is read as in any fetch-arg. A field of more than eight bytes that is no text has no value.
#include "lower/tracepoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "lower/walk.h"

namespace dtp::lower {
namespace {

using path::Display;
using path::Form;

constexpr std::string_view system_calls = "syscalls";

bool has_value(const TracepointField& field) {
  const bool is_word = field.size == 1 || field.size == 2 || field.size == 4 || field.size == 8;
  return field.kind != TracepointField::Kind::block || is_word;
}

// "const struct sock *" -> struct sock, one pointer
expr::TypeName type_name_of(std::string_view c_type, Span span) {
  expr::TypeName type{.span = span};
  while (!c_type.empty()) {
    const std::size_t end = std::min(c_type.find_first_of(" *"), c_type.size());
    const std::string_view word = c_type.substr(0, end);
    if (!word.empty() && word != "const" && word != "volatile" && word != "__user")
      type.name += (type.name.empty() ? "" : " ") + std::string(word);
    c_type.remove_prefix(end);
    if (c_type.starts_with('*')) ++type.pointers;
    c_type.remove_prefix(std::min<std::size_t>(1, c_type.size()));
  }
  return type;
}

}  // namespace

bool is_text_pointer(const TracepointField& field) {
  const expr::TypeName type = type_name_of(field.c_type, {});
  return type.name == "char" && type.pointers == 1;
}

Result<Spot> find_tracepoint(const expr::ProbePoint& point, const Target& target) {
  const auto error = [&](std::string what, std::string hint, Status status) {
    return Error{.what = std::move(what),
                 .where = Where{"probe point", point.text, {point.provider_span.begin, point.function_span.end}},
                 .hint = std::move(hint),
                 .status = status};
  };
  if (!target.tracepoint)
    return fail(
        error(fmt::format("the fields of '{}:{}' are not known here", point.provider, point.function),
              "give its format file, of events/ in that machine's tracefs: --format-file FILE; a line has a number",
              Status::wrong_request));
  auto known = target.tracepoint(point.provider, point.function);
  if (!known) return fail(error(known.error().what, known.error().hint, known.error().status));
  return Spot{.site = {.object = point.provider, .symbol = point.function, .way = path::Way::event},
              .is_entry = true,
              .tracepoint = std::make_shared<const Tracepoint>(std::move(*known))};
}

Result<Spot> find_raw_tracepoint(const expr::ProbePoint& point, const Target& target) {
  const auto error = [&](std::string what, std::string hint = {}) {
    return Error{.what = std::move(what),
                 .where = Where{"probe point", point.text, {point.provider_span.begin, point.function_span.end}},
                 .hint = std::move(hint),
                 .status = Status::wrong_request};
  };
  if (target.is_user()) return fail(error("tracepoints are in the kernel"));
  const std::string caller = "__traceiter_" + point.function;
  Spot spot{.site = {.object = target.object, .symbol = point.function, .way = path::Way::tracepoint},
            .is_entry = true};
  if (target.info != nullptr) {
    DTP_TRY(std::vector<debug::Instance> found, target.info->find_functions(caller));
    std::erase_if(found, [](const debug::Instance& instance) { return instance.is_inlined; });
    if (!found.empty()) {
      spot.instance = std::move(found.front());
      spot.instance.function = point.function;
      spot.has_instance = true;
      spot.address = spot.instance.address;
      return spot;
    }
  }
  if (!target.symbols().find(caller).empty()) return spot;
  constexpr std::string_view prefix = "__traceiter_";
  std::vector<std::string_view> names;
  for (const debug::Symbol& symbol : target.symbols().all())
    if (symbol.name.starts_with(prefix)) names.push_back(std::string_view(symbol.name).substr(prefix.size()));
  return fail(error(fmt::format("there is no tracepoint '{}' in the kernel", point.function),
                    base::did_you_mean(base::nearest(point.function, names))));
}

// The probe counts the arguments behind __data.
Result<void> use_raw_tracepoint(path::Point& point, const expr::Request& request, const arch::Arch& arch) {
  std::erase_if(point.fields, [&](const path::Field& field) {
    const auto* in = std::get_if<path::Register>(&field.path.base);
    return in != nullptr && in->number == arch.arguments[0] && request.arguments[field.argument].text.starts_with('$');
  });
  for (path::Field& field : point.fields) {
    const auto argument = argument_in(field.path.base, arch);
    if (argument && argument->number > 1) {
      field.path.base = path::Argument{argument->number - 1};
      continue;
    }
    const bool is_register = argument || std::holds_alternative<path::Register>(field.path.base) ||
                             std::holds_alternative<path::NamedRegister>(field.path.base);
    if (!is_register) continue;
    const std::string& text = request.arguments[field.argument].text;
    return fail({.what = "a tracepoint has arguments, no registers",
                 .where = Where{fmt::format("argument {}", field.argument + 1), text, {0, text.size()}},
                 .hint = "they are $params, or $arg1, $arg2, ...",
                 .status = Status::wrong_request});
  }
  return {};
}

std::vector<const TracepointField*> readable_fields(const Tracepoint& tracepoint) {
  std::vector<const TracepointField*> fields;
  for (const TracepointField& field : tracepoint.fields)
    if (has_value(field)) fields.push_back(&field);
  return fields;
}

Result<Place> Walker::event_field(const std::string& name, Span span) {
  const Tracepoint& tracepoint = *spot_.tracepoint;
  const auto found = std::ranges::find(tracepoint.fields, name, &TracepointField::name);
  if (found == tracepoint.fields.end()) {
    std::vector<std::string_view> names;
    std::string listed;
    for (const TracepointField& field : tracepoint.fields) {
      names.push_back(field.name);
      listed += (listed.empty() ? "" : ", ") + field.name;
    }
    std::string hint = base::did_you_mean(base::nearest(name, names));
    hint += (hint.empty() ? "" : " ") + (listed.empty() ? std::string("it has none") : "it has: " + listed);
    return fail(error(fmt::format("'{}:{}' has no field '{}'", tracepoint.system, tracepoint.name, name), span,
                      std::move(hint)));
  }
  if (!has_value(*found))
    return fail(error(
        fmt::format("'{}' is a block of {} bytes, which an event probe cannot read", name, found->size), span,
        fmt::format("record the tracepoint itself: dtrace++ record -e {}:{}", tracepoint.system, tracepoint.name)));
  // What a system call points to is the caller's memory.
  Place place{.base = path::EventField{name},
              .user = argument_.user || tracepoint.system == system_calls,
              .name = name,
              .event_field = &*found};
  note(span, place, "field of the tracepoint");
  steps_.back().type = found->c_type;
  return place;
}

Result<void> Walker::know_type(Place& place, Span span) const {
  if (place.type || place.event_field == nullptr) return {};
  DTP_TRY(place.type, resolve(type_name_of(place.event_field->c_type, span)));
  place.event_field = nullptr;
  return {};
}

void read_event_field(Place& place, path::Field& field) {
  const TracepointField& known = *place.event_field;
  field.c_type = known.c_type;
  if (known.kind == TracepointField::Kind::text) {
    field.read = path::Read{.form = Form::string};
  } else if (is_text_pointer(known)) {
    field.read = path::Read{.form = place.user ? Form::ustring : Form::string};
    place.in_memory = true;
  } else {
    field.read =
        path::Read{.form = known.kind == TracepointField::Kind::block ? Form::hex : known.form, .bits = known.size * 8};
    field.display = known.display;
  }
}

}  // namespace dtp::lower
