#include "cmd/tracepoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/file.h"
#include "base/pattern.h"
#include "base/suggest.h"
#include "kernel/tracefs.h"
#include "lower/tracepoint.h"
#include "record/format.h"

namespace dtp::cmd {
namespace {

using lower::TracepointField;
using record::FieldKind;

TracepointField to_field(const record::FieldSchema& schema) {
  TracepointField field{.name = schema.name, .c_type = schema.c_type, .size = schema.size, .display = schema.display};
  switch (schema.kind) {
    case FieldKind::string: field.kind = TracepointField::Kind::text; break;
    case FieldKind::bytes:
    case FieldKind::array: field.kind = TracepointField::Kind::block; break;
    case FieldKind::signed_: field.form = path::Form::signed_; break;
    case FieldKind::hex: field.form = path::Form::hex; break;
    case FieldKind::unsigned_:
    case FieldKind::character: break;
  }
  // A locator, not the data.
  if (schema.dynamic && field.kind == TracepointField::Kind::block) field.size = 0;
  return field;
}

Result<lower::Tracepoint> to_tracepoint(const std::string& format, const std::string& system, const std::string& name) {
  DTP_TRY(const record::EventSchema schema, record::parse_format(format, system));
  if (schema.event != name)
    return fail({.what = fmt::format("the format file is that of '{}', not of '{}'", schema.event, name),
                 .status = Status::wrong_request});
  lower::Tracepoint tracepoint{.system = system, .name = name};
  std::ranges::transform(schema.fields, std::back_inserter(tracepoint.fields), to_field);
  return tracepoint;
}

std::string guess(kernel::TraceFs& tracefs, const std::string& system, const std::string& name) {
  const bool is_system = tracefs.exists("events/" + system);
  const auto names = tracefs.list(is_system ? "events/" + system : "events");
  if (!names) return "";
  const std::vector<std::string_view> views(names->begin(), names->end());
  std::vector<std::string> near = base::nearest(is_system ? name : system, views);
  for (std::string& one : near) one = is_system ? system + ":" + one : one + ":" + name;
  return base::did_you_mean(near);
}

Result<lower::Tracepoint> read_tracepoint(const std::string& system, const std::string& name) {
  DTP_TRY(auto tracefs, kernel::find_tracefs());
  const std::string path = "events/" + system + "/" + name + "/format";
  const auto format = tracefs.read(path);
  if (format) return to_tracepoint(*format, system, name);
  if (format.error() != ENOENT) return fail(kernel::tracefs_error("cannot read", path, format.error()));
  std::string hint = guess(tracefs, system, name);
  if (hint.empty()) hint = "a tracepoint is SYSTEM:NAME, a line FUNCTION:LINE with a number";
  return fail({.what = fmt::format("there is no tracepoint '{}:{}'", system, name),
               .hint = std::move(hint),
               .status = Status::wrong_request});
}

std::vector<std::pair<std::string, std::string>> matching_tracepoints(const std::string& system_pattern,
                                                                      const std::string& name_pattern) {
  std::vector<std::pair<std::string, std::string>> found;
  auto tracefs = kernel::find_tracefs();
  if (!tracefs) return found;
  for (const std::string& system : tracefs->list("events").value_or(std::vector<std::string>{})) {
    if (!base::matches_pattern(system_pattern, system)) continue;
    for (const std::string& name : tracefs->list("events/" + system).value_or(std::vector<std::string>{}))
      if (base::matches_pattern(name_pattern, name) && tracefs->exists("events/" + system + "/" + name + "/format"))
        found.emplace_back(system, name);
  }
  return found;
}

const std::string* plain_field(const path::Field& field) {
  const auto* event_field = std::get_if<path::EventField>(&field.path.base);
  return event_field != nullptr && field.path.derefs.empty() ? &event_field->name : nullptr;
}

}  // namespace

void use_tracepoints(OpenTarget& opened, const std::string& format_file) {
  if (format_file.empty()) {
    opened.target.tracepoint = read_tracepoint;
    opened.target.tracepoints = matching_tracepoints;
    return;
  }
  opened.target.tracepoint = [format_file](const std::string& system,
                                           const std::string& name) -> Result<lower::Tracepoint> {
    DTP_TRY(const std::string format, base::read_file(format_file));
    return to_tracepoint(format, system, name);
  };
}

bool is_plain_tracepoint(const Compiled& compiled) {
  const path::Point& point = compiled.plan.points.front();
  if (point.site.way != path::Way::event) return false;
  const bool has_types = std::ranges::any_of(
      compiled.request.arguments, [](const expr::ProbeArgument& argument) { return argument.type.has_value(); });
  return !has_types && std::ranges::all_of(point.fields, plain_field);
}

Result<WatchedEvent> watch_tracepoint(kernel::TraceFs& tracefs, const Compiled& compiled, std::string_view filter) {
  const path::Point& point = compiled.plan.points.front();
  DTP_TRY(WatchedEvent event, watch_event(tracefs, {point.site.object, point.site.symbol}, {}, filter));
  std::vector<record::FieldSchema> wanted;
  for (const path::Field& field : point.fields) {
    const auto known = std::ranges::find(event.schema.fields, *plain_field(field), &record::FieldSchema::name);
    if (known == event.schema.fields.end()) continue;
    wanted.push_back(*known);
    if (!field.name.empty()) wanted.back().name = field.name;
  }
  event.schema.fields = std::move(wanted);
  return event;
}

}  // namespace dtp::cmd
