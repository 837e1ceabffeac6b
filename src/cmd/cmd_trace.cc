// dtrace++ trace: adds probes, prints their records as they come, removes them.
#include <unistd.h>

#include <fmt/core.h>

#include <memory>

#include "cmd/armed.h"
#include "cmd/command.h"
#include "cmd/compile.h"
#include "cmd/condition.h"
#include "cmd/govern.h"
#include "cmd/output_format.h"
#include "cmd/record_limits.h"
#include "cmd/recording.h"
#include "cmd/snapshots.h"
#include "cmd/watch.h"
#include "kernel/owner.h"
#include "report/report.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::vector<std::string> words = {};
  TargetOptions target = {};
  WatchOptions watch = {};
  std::string filter = {};
  std::string when = {};
  std::uint64_t most_hits = 0;  // 0: no end
  SnapshotOptions snapshots = {};
  std::string ring_bytes = {};
  std::string format = "text";
  StackFlags stacks = {};
  GovernOptions govern = {};
};

// Where records go to.
struct Printing {
  report::Output output{STDOUT_FILENO};
  symbol::Symbolizer symbols{{}};
  std::unique_ptr<report::Report> report = {};
  bool announced = false;  // say when it begins and how to end it
  Condition when = {};
  std::uint64_t most_hits = 0;
  std::uint64_t shown = 0;
  Unshown unshown = {};

  bool is_enough() const { return most_hits > 0 && shown == most_hits; }

  Result<void> record(const record::Record& record) {
    if (is_enough() || !when.is_met(record)) {
      ++(is_enough() ? unshown.late : unshown.unmet);
      return {};
    }
    ++shown;
    return report->record(record);
  }
};

// Prints until the end comes.
Result<Seen> print(kernel::TraceFs& tracefs, const std::vector<WatchedEvent>& watched, const kernel::Target& target,
                   const kernel::CaptureOptions& wanted, kernel::StopSignals& signals, Printing& printing) {
  const Live live{.target = target,
                  .options = wanted,
                  .symbols = &printing.symbols,
                  .begin = [&](const std::vector<record::EventSchema>& schemas) -> Result<void> {
                    DTP_CHECK(printing.report->begin(schemas));
                    if (printing.announced)
                      fmt::print(stderr, "tracing {}:{}{}; ^C ends it\n", schemas[0].group, schemas[0].event,
                                 schemas.size() == 1 ? "" : fmt::format(" and {} more", schemas.size() - 1));
                    return {};
                  },
                  .record = [&](const record::Record& record) { return printing.record(record); },
                  .round = [&] { return printing.output.flush(); },
                  .is_enough = [&] { return printing.is_enough(); }};
  DTP_TRY(Seen seen, stream(tracefs, watched, live, signals));
  DTP_CHECK(printing.report->end());
  return seen;
}

struct Wanted {
  const kernel::Target& target;
  kernel::CaptureOptions capture = {};
  SnapshotOptions options = {};
};

// What the ring holds when a condition holds.
Result<int> snapshots(kernel::TraceFs& tracefs, const std::vector<WatchedEvent>& watched, Wanted wanted,
                      kernel::StopSignals& signals, Printing& printing, const Common& common) {
  if (!wanted.options.output.empty() && !printing.when.is_of_kernel())
    return fail(
        {.what = "a file has every record that the kernel lets pass, and this --when is not for the kernel alone",
         .hint = "-v says what the kernel decides; leave out the rest, or -o",
         .status = Status::wrong_request});
  wanted.capture.overwrite = true;
  wanted.options.most = printing.most_hits;
  const bool has_stacks = wanted.capture.stacks.kind != kernel::Stacks::none;
  const SnapshotTrace trace{.target = wanted.target,
                            .capture = wanted.capture,
                            .options = wanted.options,
                            .when = printing.when,
                            .report = *printing.report,
                            .output = printing.output,
                            .symbols = has_stacks ? &printing.symbols : nullptr,
                            .announced = printing.announced};
  DTP_TRY(const SnapshotsSeen seen, trace_snapshots(tracefs, watched, trace, signals, common));
  print_snapshots_seen(seen, common);
  const bool is_enough = printing.most_hits > 0 && seen.snapshots >= printing.most_hits;
  return is_enough ? 0 : exit_status(seen.ending);
}

Result<int> trace(const Options& options, const std::vector<std::string>& command, const Common& common) {
  DTP_TRY(const kernel::Target target, to_target(options.watch, command));
  DTP_TRY(const kernel::StackOptions stacks, to_stacks(options.stacks));
  DTP_TRY(const double budget, to_budget(options.govern));
  DTP_TRY(const Limits limits, to_limits({.ring_bytes = options.ring_bytes}));
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
  DTP_TRY(Armed armed, arm(tracefs, compilation, options.target, common));
  DTP_TRY(std::vector<WatchedEvent> watched, watch(tracefs, armed, options.filter));
  Printing printing{.announced = !common.quiet && command.empty(), .most_hits = options.most_hits};
  if (!options.when.empty()) {
    symbol::Symbolizer* const symbols = stacks.kind == kernel::Stacks::none ? nullptr : &printing.symbols;
    DTP_TRY(printing.when, Condition::create("--when", options.when, watched, symbols));
    if (common.verbose) printing.when.print("--when");
  }
  printing.report = make_report(options.format, printing.output, printing.symbols);
  const kernel::CaptureOptions capture{.ring_bytes = limits.ring_bytes, .stacks = stacks, .budget = budget};
  if (!options.snapshots.on.empty()) {
    const auto status = snapshots(tracefs, watched, {target, capture, options.snapshots}, signals, printing, common);
    DTP_CHECK(disarm(armed));
    return printing.output.reader_left() ? 0 : status;
  }
  const auto seen = print(tracefs, watched, target, capture, signals, printing);
  DTP_CHECK(disarm(armed));
  if (!seen && printing.output.reader_left()) return 0;
  if (!seen) return std::unexpected(seen.error());
  print_seen(*seen, common, printing.unshown);
  return printing.is_enough() ? 0 : exit_status(seen->ending);
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
  command
      .add_option("--when", options->when,
                  "the same, also of what is computed, of texts that are put together later, and of pid, tid, comm, "
                  "cpu, event, time: 'ret < 0 || used * 10 > size * 9'")
      ->type_name("EXPR");
  command.add_option("--stop-after", options->most_hits, "end after so many records, or snapshots, with status 0")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 62));
  auto* on = command
                 .add_option("--snapshot-on", options->snapshots.on,
                             "show nothing until this holds for a hit, as for --when; then what a ring in the kernel "
                             "holds of the hits before it, and go on")
                 ->type_name("EXPR");
  command
      .add_option("-o,--output", options->snapshots.output,
                  "of --snapshot-on: write snapshots into files that script and report read")
      ->type_name("FILE")
      ->needs(on);
  command.add_option("--ring-size", options->ring_bytes, "of --snapshot-on: of the ring of each CPU; 8M without it")
      ->type_name("SIZE")
      ->needs(on);
  add_format_option(command, options->format, as_records, record_formats);
  add_stack_options(command, options->stacks);
  add_govern_options(command, options->govern);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ trace 'vfs_read file->f_path.dentry->d_name.name:string'\n"
      "  dtrace++ trace -x /bin/bash 'readline%return +0($retval):string'\n"
      "  dtrace++ trace 'syscalls:sys_enter_openat filename:ustring'\n"
      "  dtrace++ trace 'tcp_sendmsg size dest=sk->__sk_common.skc_daddr' -- curl 10.0.0.1\n"
      "  dtrace++ trace 'vfs_read file=file:path count' --when 'file ~ \"/etc/*\" && count % 512 != 0' --stack "
      "--stop-after "
      "3");
  run_with_command(command, registry, options, trace);
}

}  // namespace dtp::cmd
