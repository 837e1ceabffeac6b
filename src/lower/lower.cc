#include "lower/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "expr/lexer.h"

namespace dtp::lower {
namespace {

void collect(std::optional<Error>& first, Error next) {
  if (!first) first = std::move(next);
  else first->also.push_back(std::move(next));
}

// a->next b->next: the second one is next_2. Names that the user gave stay.
void tell_apart(std::vector<path::Field>& fields, const expr::Request& request) {
  std::map<std::string, int> seen;
  for (path::Field& field : fields) {
    if (field.name.empty() || request.arguments[field.argument].name) continue;
    if (const int count = ++seen[field.name]; count > 1) field.name += fmt::format("_{}", count);
  }
}

Result<path::Point> lower_point(const expr::Request& request, const Spot& spot, const Target& target) {
  path::Point point{.site = spot.site};
  std::optional<Error> wrong;
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    auto fields = lower_argument(request.arguments[i], i + 1, spot, target);
    if (!fields) {
      collect(wrong, std::move(fields.error()));
      continue;
    }
    for (path::Field& field : *fields) {
      field.argument = i;
      point.fields.push_back(std::move(field));
    }
  }
  if (wrong) return fail(std::move(*wrong));
  tell_apart(point.fields, request);
  return point;
}

// Variables that lie in a frame which the function has yet to make: the probe goes behind the prologue.
bool needs_frame(const expr::Request& request, const Spot& spot, const Target& target) {
  if (!target.is_user() || !spot.is_entry || !spot.has_instance || spot.instance.is_inlined || spot.site.is_return || request.arguments.empty()) return false;
  for (const debug::Variable& variable : target.info->find_variables(spot.instance, spot.address)) {
    if (variable.role != debug::Role::parameter) continue;
    const debug::Whereabouts where = target.info->locate(spot.instance, spot.address, variable);
    const auto* location = std::get_if<debug::Location>(&where);
    if (location != nullptr && location->kind == debug::Location::Kind::memory && location->derefs.empty() && location->offset < 0 &&
        location->base == path::Base(path::Register{target.arch->stack_pointer}))
      return true;
  }
  return false;
}

}  // namespace

std::string default_group(const Target& target) {
  if (!target.is_user()) return "probe";
  const std::string name = target.object.substr(target.object.find_last_of('/') + 1);
  const auto end = std::ranges::find_if_not(name, expr::is_name_part);
  return "probe_" + std::string(name.begin(), end);
}

std::string default_event(const expr::ProbePoint& point, const Target& target) {
  if (point.event) return *point.event;
  if (point.address) return fmt::format("abs_{:x}", *point.address);
  static_cast<void>(target);
  std::string name = point.function.substr(std::min(point.function.find_first_not_of('.'), point.function.size()));
  name = name.substr(0, name.find_first_of(".@"));
  return point.is_return ? name + "__return" : name;
}

Result<path::Plan> lower(const expr::Request& request, const Target& target) {
  DTP_TRY(std::vector<Spot> spots, find_spots(request.point, target));
  path::Plan plan{.group = request.point.group.value_or(default_group(target)), .event = default_event(request.point, target)};
  if (!expr::is_c_name(plan.event))
    return fail({.what = fmt::format("'{}' cannot be the name of an event", plan.event),
                 .where = Where{"probe point", request.point.text, request.point.function_span},
                 .hint = fmt::format("give one: NAME={}", request.point.function),
                 .status = Status::wrong_request});
  for (Spot& spot : spots) {
    if (needs_frame(request, spot, target)) {
      spot.address = target.info->body_address(spot.instance);
      spot.is_entry = false;
      if (const auto offset = target.file->file_offset(spot.address)) spot.site.address = *offset;
    }
    DTP_TRY(path::Point point, lower_point(request, spot, target));
    plan.points.push_back(std::move(point));
  }
  return plan;
}

}  // namespace dtp::lower
