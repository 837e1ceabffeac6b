// dtrace++ record: records events into a perf.data file.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/pattern.h"
#include "base/suggest.h"
#include "cmd/command.h"
#include "cmd/govern.h"
#include "cmd/record_limits.h"
#include "cmd/recorder_setup.h"
#include "cmd/recording.h"
#include "cmd/watch.h"
#include "cmd/wrong_word.h"
#include "kernel/capture.h"
#include "kernel/lease.h"
#include "kernel/registry.h"
#include "kernel/standing.h"
#include "probe/shared.h"
#include "record/recorder.h"

namespace dtp::cmd {
namespace {

// -e with the --filter that came after it.
struct Wanted {
  std::string pattern = {};
  std::string filter = {};
};

struct Options {
  std::vector<Wanted> events = {};
  std::size_t last_option = 0;     // first of those that the last -e named
  std::string filter_of_all = {};  // a --filter in front of every -e
  WatchOptions watch = {};
  LimitOptions limits = {};
  std::string output = "perf.data";
  StackFlags stacks = {};
  GovernOptions govern = {};
};

// "a:b,c:d" is two patterns, as perf has it.
void add_patterns(Options& options, std::string_view text) {
  options.last_option = options.events.size();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (end > 0) options.events.push_back({std::string(text.substr(0, end)), options.filter_of_all});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Every event of the groups that a pattern may mean: all groups when the group itself is a glob.
Result<std::vector<kernel::EventName>> events_near(kernel::TraceFs& tracefs, const std::string& pattern) {
  const std::size_t colon = pattern.find(':');
  const std::string group = colon == std::string::npos ? "*" : pattern.substr(0, colon);
  std::vector<std::string> groups{group};
  if (base::is_pattern(group) || !tracefs.exists("events/" + group)) {
    auto all = tracefs.list("events");
    if (!all) return fail(kernel::tracefs_error("cannot read", "events", all.error()));
    groups = std::move(*all);
  }
  std::vector<kernel::EventName> names;
  for (const std::string& each : groups) {
    for (std::string& event : tracefs.list("events/" + each).value_or(std::vector<std::string>{})) {
      // Beside the events a group has files of its own: enable, filter.
      if (event != "enable" && event != "filter") names.push_back({each, std::move(event)});
    }
  }
  return names;
}

Error no_such_event(const std::string& pattern, const std::vector<kernel::EventName>& near) {
  std::vector<std::string> spelled;
  for (const auto& name : near) spelled.push_back(name.group + ":" + name.event);
  const std::vector<std::string_view> candidates(spelled.begin(), spelled.end());
  std::string hint = base::did_you_mean(base::nearest(pattern, candidates));
  if (hint.empty()) hint = "'dtrace++ list' names the probes that exist, 'dtrace++ probe' adds one";
  return wrong_word("-e", pattern, "there is no event '" + pattern + "'", std::move(hint));
}

// Those that share an event of the kernel have no directory; it is not shown instead of them.
Result<std::vector<kernel::EventName>> find_events(kernel::TraceFs& tracefs, const std::string& pattern,
                                                   const std::vector<kernel::KnownEvent>& known) {
  DTP_TRY(std::vector<kernel::EventName> near, events_near(tracefs, pattern));
  std::vector<kernel::EventName> found;
  std::set<kernel::EventName> shared;
  for (const kernel::KnownEvent& event : known) {
    if (event.member == 0) continue;
    shared.insert(event.shared->name);
    if (kernel::matches(event.event.name, pattern)) found.push_back(event.event.name);
  }
  std::erase_if(near, [&](const kernel::EventName& name) { return shared.contains(name); });
  for (const auto& name : near) {
    if (kernel::matches(name, pattern) && tracefs.exists("events/" + name.group + "/" + name.event + "/id"))
      found.push_back(name);
  }
  if (!found.empty()) return found;
  for (const kernel::KnownEvent& event : known)
    if (event.member != 0) near.push_back(event.event.name);
  return fail(no_such_event(pattern, near));
}

// How fields want to be shown, as `dtrace++ probe` remembered it.
std::vector<record::FieldDisplay> known_displays(const kernel::KnownEvent* event) {
  std::vector<record::FieldDisplay> displays;
  if (event == nullptr || !event->known) return displays;
  for (const auto& field : event->known->fields) displays.push_back({field.name, field.display});
  return displays;
}

// The events of the kernel to be recorded, in the order in which they were asked for.
class Chosen {
 public:
  Chosen(kernel::TraceFs& tracefs, const std::vector<kernel::KnownEvent>& known) : tracefs_(tracefs) {
    for (const kernel::KnownEvent& event : known) {
      known_.emplace(event.event.name, &event);
      if (event.member != 0) members_of_[event.shared->name].insert(event.member);
    }
  }

  Result<void> add(const kernel::EventName& name, const std::string& filter) {
    const auto at = known_.find(name);
    const kernel::KnownEvent* const known = at == known_.end() ? nullptr : at->second;
    if (!names_.insert(name).second) return {};
    const bool is_member = known != nullptr && known->member != 0;
    const kernel::EventName& recorded = is_member ? known->shared->name : name;
    DTP_TRY(WatchedEvent event, watch_event(tracefs_, recorded, known_displays(known), filter));
    const auto [place, is_new] = places_.try_emplace(recorded, events_.size());
    filters_[recorded][is_member ? known->member : 0] = event.filter;
    if (is_new) events_.push_back(std::move(event));
    if (!is_member) return {};
    WatchedEvent& shared = events_[place->second];
    shared.members.push_back({shared.schema.id, static_cast<std::uint16_t>(known->member), name.event});
    shared.are_filtered.push_back(!filter.empty());
    return {};
  }

  Result<std::vector<WatchedEvent>> take() {
    for (WatchedEvent& event : events_)
      if (!event.members.empty()) DTP_CHECK(set_filter(event));
    return std::move(events_);
  }

 private:
  // Where the kernel cannot be told so many numbers, it records the others, too, and nobody is shown them.
  Result<void> set_filter(WatchedEvent& event) const {
    const auto& filters = filters_.at(event.name);
    event.filter = probe::filter_of_members(filters, members_of_.at(event.name));
    constexpr std::size_t longest_filter = 4000;  // a page of the kernel
    if (event.filter.size() <= longest_filter) return {};
    event.filter = filters.begin()->second;
    const bool is_same = std::ranges::all_of(filters, [&](const auto& one) { return one.second == event.filter; });
    if (is_same) return {};
    return fail(
        {.what = "the filters of the events that share '" + kernel::spell(event.name) + "' are too long together",
         .hint = "give them one filter, or record them one after the other",
         .status = Status::not_possible});
  }

  kernel::TraceFs& tracefs_;
  std::map<kernel::EventName, const kernel::KnownEvent*> known_ = {};
  std::map<kernel::EventName, std::set<unsigned>> members_of_ = {};
  std::set<kernel::EventName> names_ = {};
  std::map<kernel::EventName, std::size_t> places_ = {};  // in `events_`
  std::map<kernel::EventName, std::map<unsigned, std::string>> filters_ = {};
  std::vector<WatchedEvent> events_ = {};
};

Result<std::vector<WatchedEvent>> choose_events(kernel::TraceFs& tracefs, const Options& options) {
  DTP_TRY(const std::vector<kernel::KnownEvent> known, kernel::list_known_events(tracefs, kernel::Registry()));
  Chosen chosen(tracefs, known);
  for (const Wanted& wanted : options.events) {
    DTP_TRY(const auto names, find_events(tracefs, wanted.pattern, known));
    for (const auto& name : names) DTP_CHECK(chosen.add(name, wanted.filter));
  }
  return chosen.take();
}

record::RecorderOptions limited_options(const Options& options, const Limits& limits, const kernel::Target& target,
                                        const std::vector<WatchedEvent>& events, const kernel::Capture& capture) {
  record::RecorderOptions wanted = recorder_options(options.output, target, events, capture);
  wanted.most_events = limits.most_events;
  wanted.most_bytes = limits.most_bytes;
  wanted.switches = limits.switches;
  wanted.switch_bytes = limits.switch_bytes;
  wanted.switch_time = limits.switch_time;
  wanted.is_flight = options.limits.overwrite;
  if (wanted.is_flight) wanted.most_ended = record::most_ended_of_flight;
  return wanted;
}

// "'perf.data'", "2 files, the last 'perf.data.2026112113050099'".
std::string files_text(const std::vector<std::string>& files) {
  if (files.size() == 1) return fmt::format("'{}'", files.front());
  return fmt::format("{} files, the last '{}'", files.size(), files.back());
}

// One line; a table of where the hits went when something was lost, or when more is wanted.
void print_end(const record::Recorder& recorder, const kernel::Ending& ending, const Common& common) {
  const std::uint64_t lost = recorder.ledger().lost();
  fmt::print(stderr, "{}", record::sampling_text(recorder.ledger()));
  if (common.quiet && lost == 0) return;
  fmt::print(stderr, "recorded {} event{} in {:.1f} s, {} bytes in {}, {} lost\n", recorder.samples(),
             recorder.samples() == 1 ? "" : "s", ending.seconds, recorder.bytes(), files_text(recorder.files()), lost);
  if (lost > 0 || common.verbose) fmt::print(stderr, "{}", record::ledger_table(recorder.ledger()));
}

kernel::Sink sink_of(record::Recorder& recorder, kernel::Capture& capture, double budget, std::function<void()> armed) {
  const auto take = [&](const auto& records) -> Result<void> {
    DTP_CHECK(recorder.take(records));
    if (recorder.is_full()) capture.stop_full();
    return {};
  };
  return {.records = [take](std::span<const std::byte> records, unsigned) { return take(records); },
          .samples = take,
          .round =
              [&, armed] {
                armed();
                return recorder.end_round();
              },
          .requested = [&] { return recorder.switch_file(); },
          .overspent =
              [&, budget](const kernel::Overspent& one) {
                print_overspent(capture.events()[one.event].name, one, budget);
              }};
}

Result<int> record_events(const Options& options, const std::vector<std::string>& command, const Common& common) {
  if (options.events.empty()) {
    return fail({.what = "there is nothing to record",
                 .hint = "name an event: -e GROUP:EVENT",
                 .status = Status::wrong_request});
  }
  DTP_TRY(const Limits limits, to_limits(options.limits));
  DTP_TRY(const kernel::Target target, to_target(options.watch, command));
  DTP_TRY(const kernel::StackOptions stacks, to_stacks(options.stacks));
  DTP_TRY(const double budget, to_budget(options.govern));
  DTP_TRY(auto tracefs, kernel::find_tracefs());
  kernel::remove_expired(tracefs);
  DTP_TRY(const std::vector<WatchedEvent> events, choose_events(tracefs, options));
  DTP_TRY(auto signals, kernel::StopSignals::block());
  if (limits.switches || options.limits.overwrite) DTP_CHECK(signals.add_request());
  const kernel::CaptureOptions wanted{.ring_bytes = limits.ring_bytes,
                                      .duration_ms = limits.duration.count(),
                                      .stacks = stacks,
                                      .budget = budget,
                                      .overwrite = options.limits.overwrite};
  std::vector<kernel::CaptureEvent> captured = to_capture(events);
  estimate_costs(tracefs, captured);
  DTP_TRY(auto capture, kernel::Capture::open(tracefs, captured, target, wanted, signals));
  DTP_TRY(auto recorder, record::Recorder::create(limited_options(options, limits, target, events, capture),
                                                  capture.events(), tracing_data(tracefs, events)));
  tell_running(recorder, target, stacks, known_tasks(target, capture.command_pid()));

  bool announced = common.quiet || !command.empty();
  // Not earlier: now the probes are in place.
  const auto announce = [&] {
    if (!std::exchange(announced, true)) fmt::print(stderr, "recording into '{}'; ^C ends it\n", options.output);
  };
  DTP_TRY(const kernel::Ending ending, capture.run(sink_of(recorder, capture, budget, announce)));
  DTP_CHECK(recorder.close());
  print_end(recorder, ending, common);
  if (recorder.failure()) return fail(*recorder.failure());
  return exit_status(ending);
}

// Both in the order in which they were typed: a filter belongs to the events before it.
void add_event_options(CLI::App& command, const std::shared_ptr<Options>& options) {
  command
      .add_option_function<std::string>(
          "-e,--event", [options](const std::string& text) { add_patterns(*options, text); },
          "record this event; may be repeated, and globs are fine")
      ->type_name("GROUP:EVENT")
      ->trigger_on_parse();
  command
      .add_option_function<std::string>(
          "--filter",
          [options](const std::string& text) {
            if (options->events.empty()) options->filter_of_all = text;
            for (std::size_t i = options->last_option; i < options->events.size(); ++i)
              options->events[i].filter = text;
          },
          "of the event before it, or of all when it comes first: 'size > 100 && dest == 10.0.0.1'")
      ->type_name("FILTER")
      ->trigger_on_parse();
}

}  // namespace

void add_record(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("record", "record events into a perf.data file");
  const auto options = std::make_shared<Options>();
  add_event_options(command, options);
  add_watch_options(command, options->watch);
  add_stack_options(command, options->stacks);
  add_limit_options(command, options->limits);
  add_govern_options(command, options->govern);
  command.add_option("-o,--output", options->output, "the file; one that exists is kept as FILE.old")
      ->type_name("FILE")
      ->capture_default_str();
  add_common_options(command, registry.common);
  command.prefix_command();
  command.footer(
      "Examples:\n"
      "  dtrace++ record -e probe:vfs_read -a\n"
      "  dtrace++ record -e 'probe_bash:*' -p 1234\n"
      "  dtrace++ record -e probe:tcp_sendmsg --filter 'size > 100 && dest == 10.0.0.1' -- curl 10.0.0.1");
  command.callback([&registry, &command, options] {
    registry.takes_command = true;
    std::vector<std::string> words = command.remaining();
    words.insert(words.end(), registry.command.begin(), registry.command.end());
    registry.run = [&registry, options, words] {
      if (!words.empty() && words.front().starts_with('-')) {
        return report({.what = "record has no option '" + words.front() + "'",
                       .hint = "run with --help",
                       .status = Status::wrong_request},
                      registry.common);
      }
      const auto status = record_events(*options, words, registry.common);
      return status ? *status : report(status.error(), registry.common);
    };
  });
}

}  // namespace dtp::cmd
