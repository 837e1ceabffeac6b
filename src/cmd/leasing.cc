#include "cmd/leasing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "base/suggest.h"
#include "cmd/hist_question.h"
#include "cmd/wrong_word.h"
#include "record/format.h"

namespace dtp::cmd {
namespace {

std::string option_of(const kernel::Lease& lease, std::string_view name) {
  const auto found = std::ranges::find(lease.options, name, &std::pair<std::string, std::string>::first);
  return found == lease.options.end() ? "" : found->second;
}

std::uint64_t number_in(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

recipe::Recipe plain_recipe(const std::string& probe, const TargetOptions& target, const std::string& filter) {
  recipe::Recipe recipe{.name = "records", .question = probe};
  recipe.probes.push_back({.name = "probe",
                           .attempts = {{.probe = probe, .program = target.executable, .module = target.module}},
                           .filter = filter});
  return recipe;
}

}  // namespace

Result<Asked> read_asked(const kernel::Lease& lease) {
  Asked asked;
  if (!lease.recipe.empty()) {
    DTP_TRY(asked.recipe, recipe::parse(lease.recipe, lease.recipe_file));
    DTP_TRY(asked.settings, recipe::Settings::create(asked.recipe, lease.words));
    return asked;
  }
  const std::string probe = option_of(lease, "probe");
  const TargetOptions target{.executable = option_of(lease, "program"), .module = option_of(lease, "module")};
  const HistFlags flags{.keys = option_of(lease, "key"),
                        .values = option_of(lease, "value"),
                        .by_powers = !option_of(lease, "log2").empty(),
                        .step = number_in(option_of(lease, "buckets")),
                        .sort = option_of(lease, "sort"),
                        .filter = option_of(lease, "filter")};
  if (flags.keys.empty()) {
    asked.recipe = plain_recipe(probe, target, flags.filter);
    return asked;
  }
  DTP_TRY(asked.recipe, to_recipe(probe, flags, target, 0));
  return asked;
}

kernel::LeasedEvent to_leased(const ServingEvent& serving) {
  const WatchedEvent& event = serving.event;
  kernel::LeasedEvent leased{
      .name = event.name, .group = event.schema.group, .filter = event.filter, .format = event.format};
  for (const recipe::Probe* probe : serving.probes) leased.probes.push_back(probe->name);
  for (const record::Member& member : event.members) leased.members.push_back({member.number, member.event, ""});
  // What is shown of a tracepoint may be some of its fields, under other names.
  const auto raw = record::parse_format(event.format, event.name.group);
  if (!raw || raw->fields == event.schema.fields) return leased;
  for (const record::FieldSchema& field : event.schema.fields) {
    const auto same = std::ranges::find(raw->fields, field.offset, &record::FieldSchema::offset);
    if (same != raw->fields.end()) leased.shown.emplace_back(same->name, field.name);
  }
  return leased;
}

Result<WatchedEvent> watch_leased(kernel::TraceFs& tracefs, const kernel::LeasedEvent& leased) {
  WatchedEvent event{.name = leased.name, .format = leased.format, .filter = leased.filter};
  DTP_TRY(event.schema, record::parse_format(event.format, leased.group));
  const std::string id = tracefs.read("events/" + leased.name.group + "/" + leased.name.event + "/id").value_or("");
  if (number_in(id) != event.schema.id)
    return fail({.what = "the event '" + kernel::spell(leased.name) + "' is not the one any more that was armed",
                 .hint = "what is left of it is removed by: dtrace++ collect --discard NAME"});
  std::vector<record::FieldSchema> shown;
  for (const auto& [name, shown_name] : leased.shown) {
    const auto field = std::ranges::find(event.schema.fields, name, &record::FieldSchema::name);
    if (field == event.schema.fields.end()) continue;
    shown.push_back(*field);
    shown.back().name = shown_name;
  }
  if (!leased.shown.empty()) event.schema.fields = std::move(shown);
  for (const kernel::KnownMember& member : leased.members)
    event.members.push_back({event.schema.id, static_cast<std::uint16_t>(member.number), member.event});
  return event;
}

Result<kernel::HeldLease> find_lease(const kernel::Leases& leases, const std::string& name) {
  DTP_TRY(auto held, kernel::is_lease_name(name) ? leases.hold(name) : std::optional<kernel::HeldLease>());
  if (held) return std::move(*held);
  const std::vector<kernel::Lease> all = leases.list();
  std::vector<std::string_view> names;
  for (const kernel::Lease& lease : all) names.push_back(lease.name);
  const std::string guess = base::did_you_mean(base::nearest(name, names));
  return fail(wrong_word("argument 1", name, "nothing is armed as '" + name + "'",
                         guess.empty() ? "'dtrace++ armed' shows what is" : guess));
}

std::string spell_seconds(std::uint64_t seconds) {
  if (seconds >= 3600) return fmt::format("{}h {:02}m", seconds / 3600, seconds / 60 % 60);
  if (seconds >= 60) return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}s", seconds);
}

std::string clock_text(std::int64_t seconds_from_now) {
  const std::time_t now = std::time(nullptr);
  const std::time_t then = now + seconds_from_now;
  std::tm today = {};
  std::tm local = {};
  ::localtime_r(&now, &today);
  ::localtime_r(&then, &local);
  const bool is_today = today.tm_yday == local.tm_yday && today.tm_year == local.tm_year;
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), is_today ? "%H:%M:%S" : "%F %H:%M:%S", &local);
  return {text.data(), size};
}

}  // namespace dtp::cmd
