#include "cmd/armed.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "cmd/govern.h"
#include "cmd/refusal.h"
#include "cmd/share.h"
#include "cmd/tracepoint.h"
#include "record/live.h"

namespace dtp::cmd {
namespace {

std::vector<record::FieldDisplay> displays_of(const path::Plan& plan) {
  std::vector<record::FieldDisplay> displays;
  const auto& fields = plan.points.front().fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    // The kernel names what has no name.
    displays.push_back({fields[i].name.empty() ? "arg" + std::to_string(i + 1) : fields[i].name, fields[i].display});
  }
  return displays;
}

Result<WatchedEvent> watch_one(kernel::TraceFs& tracefs, const Compiled& compiled, std::string_view filter) {
  if (is_plain_tracepoint(compiled)) return watch_tracepoint(tracefs, compiled, filter);
  DTP_TRY(WatchedEvent event, watch_event(tracefs, kernel_name(compiled), displays_of(compiled.plan), filter));
  event.schema.group = compiled.group;
  return event;
}

}  // namespace

Result<Armed> arm(kernel::TraceFs& tracefs, Compilation& compilation, const TargetOptions& options,
                  const Common& common) {
  share_events(tracefs, compilation.events);
  Armed armed;
  Refused refused;
  for (Compiled& compiled : compilation.events) {
    const auto create = [&](const std::vector<std::string>& lines) -> std::expected<void, kernel::Refusal> {
      const auto shared = std::ranges::find_if(armed.owned, [&](const kernel::OwnedEvents& owned) {
        return compiled.member != 0 && owned.events().front().name == kernel_name(compiled);
      });
      if (shared != armed.owned.end()) return shared->add_member(lines);
      auto owned = kernel::OwnedEvents::create(tracefs, lines);
      if (!owned) return std::unexpected(std::move(owned.error()));
      armed.owned.push_back(std::move(*owned));
      return {};
    };
    std::expected<void, kernel::Refusal> created;
    if (!is_plain_tracepoint(compiled)) created = add_possible(compiled, options, common, create);
    if (created)
      armed.events.push_back(&compiled);
    else
      DTP_CHECK(refused.add(explain(created.error(), compiled), compiled));
  }
  if (armed.events.empty()) return fail(refused.first());
  refused.print(common);
  return armed;
}

Result<void> disarm(Armed& armed) {
  for (kernel::OwnedEvents& owned : armed.owned) DTP_CHECK(owned.remove());
  return {};
}

Result<std::vector<WatchedEvent>> watch(kernel::TraceFs& tracefs, const Armed& armed, std::string_view filter) {
  std::vector<WatchedEvent> watched;
  std::map<kernel::EventName, std::size_t> shared;
  for (const Compiled* const compiled : armed.events) {
    std::size_t at = watched.size();
    if (compiled->member != 0) at = shared.emplace(kernel_name(*compiled), at).first->second;
    if (at == watched.size()) {
      DTP_TRY(WatchedEvent event, watch_one(tracefs, *compiled, filter));
      watched.push_back(std::move(event));
    }
    if (compiled->member != 0)
      watched[at].members.push_back(
          {watched[at].schema.id, static_cast<std::uint16_t>(compiled->member), compiled->plan.event});
  }
  return watched;
}

Result<Seen> stream(kernel::TraceFs& tracefs, const std::vector<WatchedEvent>& watched, const Live& wanted,
                    kernel::StopSignals& signals) {
  std::vector<kernel::CaptureEvent> captured = to_capture(watched);
  estimate_costs(tracefs, captured);
  DTP_TRY(auto capture, kernel::Capture::open(tracefs, captured, wanted.target, wanted.options, signals));
  std::vector<record::StreamEvent> events;
  for (const kernel::OpenedEvent& opened : capture.events()) events.push_back({opened.attr, opened.ids});
  std::vector<record::EventSchema> schemas;
  record::Ledger sampled;
  for (const WatchedEvent& event : watched) {
    std::ranges::move(schemas_of(event), std::back_inserter(schemas));
    sampled.events.push_back({.event = event.schema.group + ":" + event.schema.event});
  }
  DTP_TRY(auto plain, record::Stream::create(events, schemas, wanted.record));
  record::LiveStream live(std::move(plain));
  live.stream().jit().set_live();
  const std::vector<record::Task> tasks = record::running_tasks();
  for (const record::Task& task : tasks) live.stream().comms().set(task.tid, task.comm);
  if (wanted.options.stacks.kind != kernel::Stacks::none) {
    for (const record::NewMapping& mapping : running_code(wanted.target, wanted.options.stacks, tasks))
      live.stream().add_mapping(mapping);
    const auto& kernel = live.stream().spaces().kernel().mappings;
    if (wanted.symbols != nullptr && !kernel.empty()) wanted.symbols->open(*kernel.front().module);
  }

  DTP_CHECK(wanted.begin(schemas));
  const kernel::Sink sink{.records = [&](std::span<const std::byte> records, unsigned) { return live.append(records); },
                          .round = [&]() -> Result<void> {
                            DTP_CHECK(live.end_round());
                            if (wanted.is_enough && wanted.is_enough()) capture.stop_full();
                            return wanted.round();
                          },
                          .overspent =
                              [&](const kernel::Overspent& one) {
                                print_overspent(sampled.events[one.event].event, one, wanted.options.budget);
                              }};
  DTP_TRY(kernel::Ending ending, capture.run(sink));
  DTP_CHECK(live.finish());
  const std::vector<kernel::Counted> counted = capture.counted();
  for (std::size_t i = 0; i < counted.size(); ++i) {
    sampled.events[i].watched_ms = counted[i].watched_ms;
    sampled.events[i].whole_ms = counted[i].whole_ms;
  }
  return Seen{ending, live.stream().counts().records, std::move(sampled)};
}

void print_seen(const Seen& seen, const Common& common, const Unshown& unshown) {
  const kernel::Losses& losses = seen.ending.losses;
  fmt::print(stderr, "{}", record::sampling_text(seen.sampled));
  if (common.quiet && losses.sum() == 0) return;
  const std::uint64_t shown = seen.records - unshown.unmet - unshown.late;
  std::string others;
  if (unshown.unmet > 0) others += fmt::format(", {} left out by --when", unshown.unmet);
  if (unshown.late > 0) others += fmt::format(", {} came behind the last", unshown.late);
  fmt::print(stderr, "{} record{} in {:.1f} s{}, {}\n", shown, shown == 1 ? "" : "s", seen.ending.seconds, others,
             describe_losses(losses));
}

}  // namespace dtp::cmd
