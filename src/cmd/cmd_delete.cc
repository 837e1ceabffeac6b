// dtrace++ delete: removes probes. A name removes any probe of that name; a pattern only what dtrace++ made.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <span>

#include "base/pattern.h"
#include "base/suggest.h"
#include "cmd/command.h"
#include "kernel/instance.h"
#include "kernel/standing.h"

namespace dtp::cmd {
namespace {

using kernel::KnownEvent;
using kernel::Standing;

struct Options {
  std::vector<std::string> patterns = {};
  bool stale = false;
};

struct Choice {
  std::vector<const KnownEvent*> chosen = {};
  std::vector<const KnownEvent*> spared = {};  // match a pattern, but are not ours
};

Error no_such_event(const std::string& pattern, std::size_t number, std::span<const KnownEvent> events) {
  std::vector<std::string> names;
  for (const KnownEvent& event : events)
    names.push_back(pattern.contains(':') ? kernel::spell(event.event.name) : event.event.name.event);
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const std::string guess = base::did_you_mean(base::nearest(pattern, candidates));
  return {.what = "no probe '" + pattern + "'",
          .where = Where{fmt::format("argument {}", number), pattern, {0, pattern.size()}},
          .hint = guess.empty() ? "'dtrace++ list' shows them" : guess};
}

// Every argument is looked up before anything is removed.
Result<Choice> choose(std::span<const KnownEvent> events, const std::vector<std::string>& patterns) {
  Choice choice;
  std::optional<Error> error;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    bool is_found = false;
    for (const KnownEvent& event : events) {
      if (!kernel::matches(event.event.name, patterns[i])) continue;
      is_found = true;
      const bool is_ours = event.standing == Standing::asked_for || event.standing == Standing::left_over;
      auto& list = is_ours || !base::is_pattern(patterns[i]) ? choice.chosen : choice.spared;
      if (std::find(list.begin(), list.end(), &event) == list.end()) list.push_back(&event);
    }
    if (is_found) continue;
    Error missing = no_such_event(patterns[i], i + 1, events);
    if (error)
      error->also.push_back(std::move(missing));
    else
      error = std::move(missing);
  }
  if (error) return fail(*std::move(error));
  return choice;
}

// The lease would go on without what it is about.
Result<void> check_leases(const std::vector<const KnownEvent*>& chosen) {
  for (const KnownEvent* event : chosen)
    if (event->standing == Standing::armed)
      return fail({.what = "event '" + kernel::spell(event->event.name) + "' is armed",
                   .hint = "disarm it: dtrace++ collect --discard " + event->lease});
  return {};
}

// Those that share an event go at once.
Result<void> remove_each(kernel::TraceFs& tracefs, const kernel::Registry& known,
                         const std::vector<const KnownEvent*>& chosen, const Common& common) {
  std::map<const kernel::Event*, std::set<unsigned>> members;
  for (const KnownEvent* event : chosen)
    if (event->member != 0) members[event->shared.get()].insert(event->member);
  for (const auto& [shared, numbers] : members) {
    const auto removed = kernel::remove_members(tracefs, known, *shared, numbers);
    if (!removed) return fail(kernel::removal_error(shared->name, removed.error()));
  }
  for (const KnownEvent* event : chosen) {
    const auto& name = event->event.name;
    if (event->member == 0) {
      const auto removed = kernel::remove_event(tracefs, event->event);
      if (!removed) return fail(kernel::removal_error(name, removed.error()));
      known.forget(name);
    }
    if (!common.quiet) fmt::print("deleted {}\n", kernel::spell(name));
  }
  return {};
}

Result<void> remove_chosen(kernel::TraceFs& tracefs, const Options& options, const Common& common) {
  const kernel::Registry known;
  DTP_TRY(const auto events, kernel::list_known_events(tracefs, known));
  DTP_TRY(const Choice choice, choose(events, options.patterns));
  DTP_CHECK(check_leases(choice.chosen));
  DTP_CHECK(remove_each(tracefs, known, choice.chosen, common));
  for (const KnownEvent* event : choice.spared) {
    const bool is_chosen = std::find(choice.chosen.begin(), choice.chosen.end(), event) != choice.chosen.end();
    if (!is_chosen && !common.quiet)
      fmt::print(stderr, "kept {}, which {}\n", kernel::spell(event->event.name),
                 event->standing == Standing::armed ? "is armed: dtrace++ collect --discard " + event->lease
                                                    : "dtrace++ did not make: name it to delete it");
  }
  return {};
}

Result<void> remove_all(const Options& options, const Common& common) {
  if (options.patterns.empty() && !options.stale) {
    return fail({.what = "nothing to delete was named",
                 .hint = "dtrace++ delete [GROUP:]EVENT, or --stale",
                 .status = Status::wrong_request});
  }
  DTP_TRY(auto tracefs, kernel::find_tracefs());
  kernel::remove_stale_instances(tracefs);  // they hold events
  if (options.stale) {
    DTP_TRY(const auto removed, kernel::remove_stale(tracefs));
    for (const kernel::EventName& name : removed) {
      if (!common.quiet) fmt::print("deleted {}\n", kernel::spell(name));
    }
  }
  return options.patterns.empty() ? Result<void>{} : remove_chosen(tracefs, options, common);
}

}  // namespace

void add_delete(Registry& registry) {
  auto* command = registry.app.add_subcommand("delete", "delete probes");
  const auto options = std::make_shared<Options>();
  command->add_option("EVENT", options->patterns, "[GROUP:]EVENT, with * and ? for any that dtrace++ made");
  command->add_flag("--stale", options->stale, "what a killed dtrace++ left behind");
  add_common_options(*command, registry.common);
  run_alone(*command, registry, options, remove_all);
}

}  // namespace dtp::cmd
