#include "lower/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "debug/clone.h"
#include "debug/demangle.h"
#include "debug/qualified_name.h"
#include "dtracepp/limits.h"
#include "expr/lexer.h"
#include "lower/entry_place.h"
#include "lower/event_names.h"
#include "lower/tracepoint.h"
#include "lower/usdt.h"

namespace dtp::lower {
namespace {

void collect(std::optional<Error>& first, Error next) {
  if (!first)
    first = std::move(next);
  else
    first->also.push_back(std::move(next));
}

// a->next b->next: the second one is next_2. Names that the user gave stay.
void tell_apart(std::vector<path::Field>& fields, const expr::Request& request) {
  std::map<std::string, int> seen;
  for (path::Field& field : fields) {
    const bool is_asked = field.argument < request.arguments.size() && !field.is_member_of_whole;
    if (field.name.empty() || (is_asked && request.arguments[field.argument].name)) continue;
    const int count = ++seen[field.name];
    if (count == 1) continue;
    const std::string suffix = fmt::format("_{}", count);
    if (field.is_member_of_whole) field.name.resize(std::min(field.name.size(), limits::longest_name - suffix.size()));
    field.name += suffix;
  }
}

Result<path::Point> lower_point(const expr::Request& request, const Spot& spot, const Target& target,
                                std::vector<Error>& warnings) {
  path::Point point{.site = spot.site};
  std::optional<Error> wrong;
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    auto lowered = lower_argument(request.arguments[i], i + 1, spot, target);
    if (!lowered) {
      collect(wrong, std::move(lowered.error()));
      continue;
    }
    for (Error& warning : lowered->warnings)
      if (std::ranges::find(warnings, warning) == warnings.end()) warnings.push_back(std::move(warning));
    for (path::Field& field : lowered->fields) {
      field.argument = i;
      point.fields.push_back(std::move(field));
    }
  }
  if (wrong) return fail(std::move(*wrong));
  if (spot.site.way == path::Way::tracepoint) {
    DTP_CHECK(use_raw_tracepoint(point, request, *target.arch));
  } else if (target.by_function_probes && spot.site.way == path::Way::breakpoint) {
    DTP_CHECK(check_function_probe(request.point, spot));
    DTP_CHECK(use_function_probe(point, request, *target.arch));
  }
  if (spot.usdt != nullptr) DTP_CHECK(add_usdt_arguments(request, spot, target, point, warnings));
  tell_apart(point.fields, request);
  return point;
}

using FieldKey = std::pair<std::size_t, std::string>;
FieldKey key_of(const path::Field& field) { return {field.argument, field.name}; }

// The points of an event fetch the same fields in the same order: what $params finds at some points only is left out,
// and an inlined copy may have its parameters in another order.
void keep_common_fields(path::Plan& plan) {
  std::map<FieldKey, std::size_t> counts;  // of the points that have such a field
  for (const path::Point& point : plan.points) {
    std::set<FieldKey> own;
    for (const path::Field& field : point.fields) own.insert(key_of(field));
    for (const FieldKey& key : own) ++counts[key];
  }
  const auto is_common = [&](const path::Field& field) { return counts.at(key_of(field)) == plan.points.size(); };
  for (path::Point& point : plan.points)
    std::erase_if(point.fields, [&](const path::Field& field) { return !is_common(field); });
  std::map<FieldKey, std::size_t> order;
  for (const path::Field& field : plan.points.front().fields) order.emplace(key_of(field), order.size());
  for (path::Point& point : plan.points)
    std::ranges::stable_sort(point.fields, {}, [&](const path::Field& field) { return order.at(key_of(field)); });
}

// The points of an event fetch the same types, too: those that differ from the first one's are left out. Overloads do.
void keep_same_types(path::Plan& plan, std::vector<path::Omission>& omitted) {
  const std::vector<path::Field> first = plan.points.front().fields;
  std::erase_if(plan.points, [&](const path::Point& point) {
    for (std::size_t i = 0; i < first.size() && i < point.fields.size(); ++i) {
      if (point.fields[i].read == first[i].read) continue;
      omitted.push_back({point.site,
                         {.what = fmt::format("'{}' has another type than at the first place", first[i].name),
                          .hint = "say which function is meant",
                          .status = Status::wrong_request}});
      return true;
    }
    return false;
  });
}

// A plain name takes one of several overloads, as it always did.
void warn_of_overloads(const expr::ProbePoint& point, const Target& target, std::vector<Error>& warnings) {
  if (!target.is_user() || point.is_pattern || point.function.empty() || debug::is_qualified(point.function)) return;
  std::vector<std::string> names = debug::mangled_names(target.symbols(), "", point.function);
  for (std::string& name : names) name = debug::demangle(name);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  if (names.size() < 2) return;
  warnings.push_back({.what = fmt::format("'{}' is one of {} functions of this name", point.function, names.size()),
                      .where = Where{"probe point", point.text, point.function_span},
                      .hint = fmt::format("choose: {}", fmt::join(names, "  or  "))});
}

// Whatever the name stands for beside the function's body.
void warn_of_other_names(const expr::ProbePoint& point, const std::vector<Spot>& spots, const Target& target,
                         std::vector<Error>& warnings) {
  if (point.is_pattern || point.function.empty() || !point.provider.empty() || point.is_usdt) return;
  Error warning{.where = Where{"probe point", point.text, point.function_span}};
  const auto is_indirect = [](const debug::Symbol* symbol) { return symbol->is_indirect; };
  if (target.is_user() && std::ranges::any_of(target.symbols().find(point.function), is_indirect)) {
    warning.what = fmt::format(
        "'{}' chooses one of several functions (IFUNC): the probe hits the choice, not the calls", point.function);
    warning.hint = fmt::format("probe what is chosen: dtrace++ funcs -x {} '*{}*'", target.object, point.function);
    warnings.push_back(std::move(warning));
    return;
  }
  const bool is_own_name = debug::is_qualified(point.function) || point.function.starts_with("_Z") ||
                           point.function.starts_with("_R") ||
                           debug::without_clone_suffix(point.function) != point.function;
  for (const Spot& spot : spots) {
    const std::string& name = spot.instance.function;
    if (is_own_name || !spot.has_instance || spot.instance.address == 0 || name == point.function) continue;
    warning.what = fmt::format("'{}' is another name of '{}': the probe hits calls by either", point.function, name);
    warnings.push_back(std::move(warning));
    return;
  }
}

// Variables that lie in a frame which the function has yet to make: the probe goes behind the prologue.
bool needs_frame(const expr::Request& request, const Spot& spot, const Target& target) {
  if (!target.is_user() || request.point.address || !spot.is_entry || !spot.has_instance || spot.instance.is_inlined ||
      spot.site.is_return || request.arguments.empty())
    return false;
  for (const debug::Variable& variable : target.info->find_variables(spot.instance, spot.address)) {
    if (variable.role != debug::Role::parameter) continue;
    const debug::Whereabouts where = target.info->locate(spot.instance, spot.address, variable);
    const auto* location = std::get_if<debug::Location>(&where);
    if (location != nullptr && location->kind == debug::Location::Kind::memory && location->derefs.empty() &&
        location->offset < 0 && location->base == path::Base(path::Register{target.arch->stack_pointer}))
      return true;
  }
  return false;
}

}  // namespace

std::string default_group(const Target& target) {
  if (!target.is_user()) return "probe";
  const std::string name =
      target.name.empty() ? target.object.substr(target.object.find_last_of('/') + 1) : target.name;
  const auto end = std::ranges::find_if_not(name, expr::is_name_part);
  return "probe_" + std::string(name.begin(), end);
}

std::string default_event(const expr::ProbePoint& point, const Spot& spot) {
  const bool is_line = point.line && !point.function.empty() && !point.event;
  const std::string suffix = point.is_return ? "__return" : is_line ? fmt::format("_L{}", *point.line) : "";
  if (point.event) return *point.event + suffix;
  if (spot.usdt != nullptr) return usdt_event(*spot.usdt);
  if (point.address) return fmt::format("abs_{:x}", *point.address) + suffix;
  std::string name = point.is_pattern || point.function.empty() ? spot.instance.function : point.function;
  if (spot.instance.language == debug::Language::go) return debug::plain_go_name(name) + suffix;
  name = debug::plain_name(point.is_pattern ? debug::demangle(name) : name);
  name.erase(0, std::min(name.find_first_not_of('.'), name.size()));
  name.erase(std::min(name.find_first_of(".@"), name.size()));
  return name + suffix;
}

namespace {

using Group = std::pair<path::Plan, std::vector<Spot>>;

// The event of each spot. A line of a file is one event, named after the first function.
Result<std::vector<std::string>> events_of(const expr::ProbePoint& point, const std::vector<Spot>& spots) {
  std::vector<std::string> events;
  for (const Spot& spot : spots) {
    const bool is_own_event = events.empty() || point.is_pattern || spot.usdt != nullptr;
    events.push_back(is_own_event ? default_event(point, spot) : events[0]);
  }
  if (point.is_pattern && !point.event) {
    const auto legal = legal_event_names({events.begin(), events.end()});
    for (std::string& event : events)
      if (const auto other = legal.find(event); other != legal.end()) event = other->second;
  }
  for (const std::string& event : events)
    if (!expr::is_c_name(event))
      return fail({.what = fmt::format("'{}' cannot be the name of an event", event),
                   .where = Where{"probe point", point.text, point.function_span},
                   .hint = fmt::format("give one: NAME={}", point.function),
                   .status = Status::wrong_request});
  return events;
}

// The events in order, each with its spots.
Result<std::vector<Group>> group_by_event(const expr::ProbePoint& point, std::vector<Spot> spots,
                                          const Target& target) {
  DTP_TRY(const std::vector<std::string> events, events_of(point, spots));
  std::vector<Group> groups;
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  for (std::size_t i = 0; i < spots.size(); ++i) {
    const std::string group =
        point.group.value_or(spots[i].usdt != nullptr ? usdt_group(*spots[i].usdt) : default_group(target));
    const auto [known, is_new] = places.emplace(std::pair(group, events[i]), groups.size());
    if (is_new) groups.push_back({{.group = group, .event = events[i]}, {}});
    groups[known->second].second.push_back(std::move(spots[i]));
  }
  return groups;
}

// The kernel has all places of an event fetch the same types. A static probe may have others where a template or a
// macro put it again: those places are events of their own, EVENT_1 and on.
std::vector<path::Plan> split_by_types(path::Plan plan) {
  const auto same_types = [](const path::Point& a, const path::Point& b) {
    return std::ranges::equal(a.fields, b.fields, [](const path::Field& left, const path::Field& right) {
      return left.name == right.name && left.read == right.read;
    });
  };
  std::vector<path::Plan> plans;
  for (path::Point& point : plan.points) {
    auto known = std::ranges::find_if(plans, [&](const path::Plan& one) { return same_types(one.points[0], point); });
    if (known == plans.end()) {
      const std::string suffix = plans.empty() ? "" : fmt::format("_{}", plans.size());
      known = plans.insert(known, path::Plan{.group = plan.group, .event = plan.event + suffix});
    }
    known->points.push_back(std::move(point));
  }
  if (!plans.empty()) plans.front().warnings = std::move(plan.warnings);
  return plans;
}

}  // namespace

Result<Outcome> lower(const expr::Request& request, const Target& target, const Options& options) {
  DTP_TRY(std::vector<Spot> spots, find_spots(request.point, target, options));
  DTP_TRY(auto groups, group_by_event(request.point, std::move(spots), target));
  Outcome outcome;
  for (auto& [plan, plan_spots] : groups) {
    warn_of_overloads(request.point, target, plan.warnings);
    warn_of_other_names(request.point, plan_spots, target, plan.warnings);
    for (Spot& spot : plan_spots) {
      if (spot.forbidden) {
        outcome.omitted.push_back({spot.site, std::move(*spot.forbidden)});
        continue;
      }
      if (needs_frame(request, spot, target)) {
        spot.address = target.info->body_address(spot.instance);
        spot.is_entry = false;
        if (const auto offset = target.file->file_offset(spot.address)) spot.site.address = *offset;
      }
      auto point = lower_point(request, spot, target, plan.warnings);
      if (!point) {
        outcome.omitted.push_back({spot.site, std::move(point.error())});
        continue;
      }
      if (!options.exact_entry) place_cheaply(*point, request.point, spot, target);
      plan.points.push_back(std::move(*point));
    }
    if (plan.points.empty()) continue;
    if (plan_spots.front().usdt != nullptr) {
      std::ranges::move(split_by_types(std::move(plan)), std::back_inserter(outcome.plans));
      continue;
    }
    if (plan.points.size() > 1) {
      keep_common_fields(plan);
      keep_same_types(plan, outcome.omitted);
    }
    outcome.plans.push_back(std::move(plan));
  }
  if (outcome.plans.empty() || (options.require_all && !outcome.omitted.empty()))
    return fail(std::move(outcome.omitted.front().reason));
  return outcome;
}

}  // namespace dtp::lower
