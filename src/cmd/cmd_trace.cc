// dtrace++ trace: adds probes, prints their records as they come, removes them.
#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>

#include "cmd/command.h"
#include "cmd/compile.h"
#include "cmd/govern.h"
#include "cmd/output_format.h"
#include "cmd/recording.h"
#include "cmd/refusal.h"
#include "cmd/share.h"
#include "cmd/tracepoint.h"
#include "cmd/watch.h"
#include "kernel/capture.h"
#include "kernel/owner.h"
#include "record/ledger.h"
#include "record/live.h"
#include "report/report.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::vector<std::string> words = {};
  TargetOptions target = {};
  WatchOptions watch = {};
  std::string filter = {};
  std::string format = "text";
  StackFlags stacks = {};
  GovernOptions govern = {};
};

// What is in the kernel for as long as we trace, and what is traced by it.
struct Traced {
  std::vector<kernel::OwnedEvents> owned = {};
  std::vector<const Compiled*> events = {};
};

// Of a pattern's events those that the kernel refuses are left out.
Result<Traced> create_events(kernel::TraceFs& tracefs, Compilation& compilation, const TargetOptions& options,
                             const Common& common) {
  Traced traced;
  Refused refused;
  for (Compiled& compiled : compilation.events) {
    const auto create = [&](const std::vector<std::string>& lines) -> std::expected<void, kernel::Refusal> {
      const auto shared = std::ranges::find_if(traced.owned, [&](const kernel::OwnedEvents& owned) {
        return compiled.member != 0 && owned.events().front().name == kernel_name(compiled);
      });
      if (shared != traced.owned.end()) return shared->add_member(lines);
      auto owned = kernel::OwnedEvents::create(tracefs, lines);
      if (!owned) return std::unexpected(std::move(owned.error()));
      traced.owned.push_back(std::move(*owned));
      return {};
    };
    std::expected<void, kernel::Refusal> created;
    if (!is_plain_tracepoint(compiled)) created = add_possible(compiled, options, common, create);
    if (created)
      traced.events.push_back(&compiled);
    else
      DTP_CHECK(refused.add(explain(created.error(), compiled), compiled));
  }
  if (traced.events.empty()) return fail(refused.first());
  refused.print(common);
  return traced;
}

std::vector<record::FieldDisplay> displays_of(const path::Plan& plan) {
  std::vector<record::FieldDisplay> displays;
  const auto& fields = plan.points.front().fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    // The kernel names what has no name.
    displays.push_back({fields[i].name.empty() ? "arg" + std::to_string(i + 1) : fields[i].name, fields[i].display});
  }
  return displays;
}

Result<WatchedEvent> watch(kernel::TraceFs& tracefs, const Compiled& compiled, std::string_view filter) {
  if (is_plain_tracepoint(compiled)) return watch_tracepoint(tracefs, compiled, filter);
  DTP_TRY(WatchedEvent event, watch_event(tracefs, kernel_name(compiled), displays_of(compiled.plan), filter));
  event.schema.group = compiled.group;
  return event;
}

// What shares an event is watched as one.
Result<std::vector<WatchedEvent>> watch_all(kernel::TraceFs& tracefs, const std::vector<const Compiled*>& events,
                                            std::string_view filter) {
  std::vector<WatchedEvent> watched;
  std::map<kernel::EventName, std::size_t> shared;
  for (const Compiled* const compiled : events) {
    std::size_t at = watched.size();
    if (compiled->member != 0) at = shared.emplace(kernel_name(*compiled), at).first->second;
    if (at == watched.size()) {
      DTP_TRY(WatchedEvent event, watch(tracefs, *compiled, filter));
      watched.push_back(std::move(event));
    }
    if (compiled->member != 0)
      watched[at].members.push_back(
          {watched[at].schema.id, static_cast<std::uint16_t>(compiled->member), compiled->plan.event});
  }
  return watched;
}

// Where records go to.
struct Printing {
  report::Output output{STDOUT_FILENO};
  symbol::Symbolizer symbols{{}};
  std::unique_ptr<report::Report> report = {};
  bool announced = false;  // say when it begins and how to end it
};

struct Seen {
  kernel::Ending ending = {};
  std::uint64_t records = 0;
  record::Ledger sampled = {};  // the times of what was watched in windows
};

// Prints until the end comes. Everything of the capture is closed when this returns.
Result<Seen> stream(kernel::TraceFs& tracefs, const std::vector<WatchedEvent>& watched, const kernel::Target& target,
                    const kernel::CaptureOptions& wanted, kernel::StopSignals& signals, Printing& printing) {
  std::vector<kernel::CaptureEvent> captured = to_capture(watched);
  estimate_costs(tracefs, captured);
  DTP_TRY(auto capture, kernel::Capture::open(tracefs, captured, target, wanted, signals));
  std::vector<record::StreamEvent> events;
  for (const kernel::OpenedEvent& opened : capture.events()) events.push_back({opened.attr, opened.ids});
  std::vector<record::EventSchema> schemas;
  record::Ledger sampled;
  for (const WatchedEvent& event : watched) {
    std::ranges::move(schemas_of(event), std::back_inserter(schemas));
    sampled.events.push_back({.event = event.schema.group + ":" + event.schema.event});
  }
  DTP_TRY(auto plain, record::Stream::create(events, schemas, [&](const record::Record& record) {
            return printing.report->record(record);
          }));
  record::LiveStream live(std::move(plain));
  live.stream().jit().set_live();
  for (const record::Task& task : record::running_tasks()) live.stream().comms().set(task.tid, task.comm);
  if (wanted.stacks.kind != kernel::Stacks::none) {
    for (const record::NewMapping& mapping : running_code(target, wanted.stacks)) live.stream().add_mapping(mapping);
  }

  DTP_CHECK(printing.report->begin(schemas));
  if (printing.announced)
    fmt::print(stderr, "tracing {}:{}{}; ^C ends it\n", schemas[0].group, schemas[0].event,
               schemas.size() == 1 ? "" : fmt::format(" and {} more", schemas.size() - 1));
  const kernel::Sink sink{
      .records = [&](std::span<const std::byte> records, unsigned) { return live.append(records); },
      .round = [&]() -> Result<void> {
        DTP_CHECK(live.end_round());
        return printing.output.flush();
      },
      .overspent =
          [&](const kernel::Overspent& one) { print_overspent(sampled.events[one.event].event, one, wanted.budget); }};
  DTP_TRY(kernel::Ending ending, capture.run(sink));
  DTP_CHECK(live.finish());
  DTP_CHECK(printing.report->end());
  const std::vector<kernel::Counted> counted = capture.counted();
  for (std::size_t i = 0; i < counted.size(); ++i) {
    sampled.events[i].watched_ms = counted[i].watched_ms;
    sampled.events[i].whole_ms = counted[i].whole_ms;
  }
  return Seen{ending, live.stream().counts().records, std::move(sampled)};
}

Result<int> trace(const Options& options, const std::vector<std::string>& command, const Common& common) {
  DTP_TRY(const kernel::Target target, to_target(options.watch, command));
  DTP_TRY(const kernel::StackOptions stacks, to_stacks(options.stacks));
  DTP_TRY(const double budget, to_budget(options.govern));
  DTP_TRY(const kernel::Owner owner, kernel::this_process());
  TargetOptions probed = options.target;
  probed.is_live = true;
  if (!probed.executable.empty() && probed.target_ns == 0) probed.pids = target.pids;
  DTP_TRY(Compilation compilation, compile(probed, {join_words(options.words)}, kernel::group_of(owner)));
  print_warnings(compilation, common);
  DTP_TRY(auto tracefs, kernel::find_tracefs());
  // From here on signals are only noticed: what is put into the kernel is taken out again on every way.
  DTP_TRY(auto signals, kernel::StopSignals::block());
  DTP_CHECK(kernel::remove_stale(tracefs));
  share_events(tracefs, compilation.events);
  DTP_TRY(Traced traced, create_events(tracefs, compilation, options.target, common));
  DTP_TRY(const std::vector<WatchedEvent> watched, watch_all(tracefs, traced.events, options.filter));
  Printing printing{.announced = !common.quiet && command.empty()};
  printing.report = make_report(options.format, printing.output, printing.symbols);
  const auto seen = stream(tracefs, watched, target, {.stacks = stacks, .budget = budget}, signals, printing);
  for (kernel::OwnedEvents& owned : traced.owned) DTP_CHECK(owned.remove());
  if (!seen && printing.output.reader_left()) return 0;
  if (!seen) return std::unexpected(seen.error());
  const kernel::Ending& ending = seen->ending;
  fmt::print(stderr, "{}", record::sampling_text(seen->sampled));
  if (!common.quiet || ending.losses.ring + ending.losses.missed > 0) {
    fmt::print(stderr, "{} record{} in {:.1f} s, {}\n", seen->records, seen->records == 1 ? "" : "s", ending.seconds,
               describe_losses(ending.losses));
  }
  return exit_status(ending);
}

}  // namespace

void add_trace(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("trace", "add a probe, print its records as they come, remove it");
  const auto options = std::make_shared<Options>();
  command.add_option("PROBE", options->words, "FUNCTION[@FILE][+OFFSET|:LINE|%return] or FILE:LINE [ARGUMENT...]")
      ->required();
  add_target_options(command, options->target);
  add_compile_options(command, options->target);
  add_watch_options(command, options->watch);
  command.add_option("--filter", options->filter, "records for which this holds: 'size > 100 && dest == 10.0.0.1'");
  add_format_option(command, options->format, as_records, record_formats);
  add_stack_options(command, options->stacks);
  add_govern_options(command, options->govern);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ trace 'vfs_read file->f_path.dentry->d_name.name:string'\n"
      "  dtrace++ trace -x /bin/bash 'readline%return +0($retval):string'\n"
      "  dtrace++ trace 'syscalls:sys_enter_openat filename:ustring'\n"
      "  dtrace++ trace 'tcp_sendmsg size dest=sk->__sk_common.skc_daddr' -- curl 10.0.0.1");
  command.callback([&registry, options] {
    registry.takes_command = true;
    registry.run = [&registry, options] {
      const auto status = trace(*options, registry.command, registry.common);
      return status ? *status : report(status.error(), registry.common);
    };
  });
}

}  // namespace dtp::cmd
