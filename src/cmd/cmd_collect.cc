// dtrace++ collect: brings what an armed recipe or probe has seen, and disarms it.
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "cmd/answer_options.h"
#include "cmd/collected.h"
#include "cmd/command.h"
#include "cmd/leasing.h"
#include "cmd/output_format.h"
#include "kernel/leased_instance.h"
#include "report/report.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::string name = {};
  bool keeps = false;
  bool discards = false;
  std::string output = {};
  std::string format = "text";
  std::size_t top = 0;
};

// What one collects by.
struct Collecting {
  kernel::TraceFs& tracefs;
  const Options& options;
  const Common& common;
  const kernel::Lease& lease;
  const Asked& asked;
};

// ", armed 2h 03m ago"
std::string since_text(const kernel::Lease& lease) {
  return ", armed " + spell_seconds(kernel::seconds_since_boot() - lease.since_s) + " ago";
}

std::string hits_text(std::uint64_t hits) { return fmt::format("{} hit{}", hits, hits == 1 ? "" : "s"); }

Result<void> show_histograms(const Collecting& what) {
  const Meanings meanings;
  std::vector<WatchedEvent> watched;
  for (const kernel::LeasedEvent& leased : what.lease.events) {
    DTP_TRY(WatchedEvent event, watch_leased(what.tracefs, leased));
    watched.push_back(std::move(event));
  }
  const report::Answer answer = fill_answer(what.asked.recipe.answer, what.asked.settings, watched, meanings);
  DTP_TRY(const std::vector<CountedEvent> events, counted_events(answer, watched));
  const auto instance = kernel::LeasedInstance::of(what.tracefs, what.lease.name);
  report::AnswerTable table(answer);
  report::RowMaker rows(values_of(answer));
  kernel::Processes processes;
  std::uint64_t hits = 0;
  std::uint64_t dropped = 0;
  for (const CountedEvent& event : events) {
    DTP_TRY(const kernel::Histogram histogram, instance.histogram(event.histogram, what.options.keeps));
    add_histogram(table, answer, rows, event, histogram, processes);
    hits += histogram.hits;
    dropped += histogram.dropped;
  }
  table.add_ungrouped(dropped);
  report::Output output(STDOUT_FILENO);
  if (const auto written = table.write(output, to_format(what.options.format)); !written && !output.reader_left())
    return written;
  if (what.common.quiet && dropped == 0) return {};
  fmt::print(stderr, "{} counted by the kernel{}{}\n", hits_text(hits),
             dropped > 0 ? fmt::format(", {} had no room in the table", dropped) : "", since_text(what.lease));
  return {};
}

Result<void> print_records(CollectedRecords& records, const std::string& format) {
  report::Output output(STDOUT_FILENO);
  symbol::Symbolizer symbols{{}};
  const auto printer = make_report(format, output, symbols);
  std::vector<record::EventSchema> schemas;
  for (const ServingEvent& serving : records.events())
    std::ranges::move(schemas_of(serving.event), std::back_inserter(schemas));
  const auto print = [&]() -> Result<void> {
    DTP_CHECK(printer->begin(schemas));
    DTP_CHECK(records.feed(schemas, [&](const record::Record& record) { return printer->record(record); }));
    DTP_CHECK(printer->end());
    return output.flush();
  };
  auto printed = print();
  if (output.reader_left()) return {};
  return printed;
}

Result<void> show_ring(const Collecting& what) {
  DTP_TRY(CollectedRecords records, CollectedRecords::open(what.tracefs, what.lease, what.asked.recipe));
  if (!what.options.keeps) records.stop();
  if (!what.options.output.empty()) {
    DTP_TRY(const record::Ledger ledger, records.write(what.options.output));
    if (what.common.verbose) fmt::print(stderr, "{}", record::ledger_table(ledger));
  } else if (what.asked.is_plain()) {
    DTP_CHECK(print_records(records, what.options.format));
  } else {
    const AnswerOptions options{.format = to_format(what.options.format)};
    const Feed feed = [&](const std::vector<record::EventSchema>& schemas, const record::Consumer& consumer) {
      return records.feed(schemas, consumer);
    };
    DTP_CHECK(answer_collected(what.asked.recipe, what.asked.settings, records.events(), options, what.common, feed));
  }
  const kernel::RingCounts& counts = records.counts();
  const std::uint64_t missed = records.missed();
  if (what.common.quiet && counts.overwritten + counts.lost + missed == 0) return {};
  fmt::print(stderr, "{} of {} {}, {} overwritten, {}{}{}\n", counts.kept, hits_text(counts.hits()),
             what.options.output.empty() ? "in the ring" : fmt::format("written to '{}'", what.options.output),
             counts.overwritten, describe_losses({.ring = counts.lost, .missed = missed}),
             counts.read > 0 ? fmt::format(", {} collected before", counts.read) : "", since_text(what.lease));
  return {};
}

Result<void> show(kernel::TraceFs& tracefs, const Options& options, const Common& common, const kernel::Lease& lease) {
  if (!lease.is_whole)
    return fail({.what = "the arming of '" + lease.name + "' was cut off",
                 .hint = "remove what it left: dtrace++ collect --discard " + lease.name});
  if (!kernel::LeasedInstance::of(tracefs, lease.name).exists())
    return fail({.what = "'" + lease.name + "' is not in the kernel any more: somebody else has removed it",
                 .hint = "remove what is left: dtrace++ collect --discard " + lease.name});
  DTP_TRY(Asked asked, read_asked(lease));
  if (options.top != 0) asked.recipe.answer.top = options.top;
  if (lease.counts && !options.output.empty())
    return fail({.what = "'" + lease.name + "' has no records: the kernel has counted them",
                 .hint = "arm it with --ring to have records",
                 .status = Status::wrong_request});
  const Collecting what{tracefs, options, common, lease, asked};
  return lease.counts ? show_histograms(what) : show_ring(what);
}

Result<int> collect(const Options& options, const Common& common) {
  DTP_TRY(auto tracefs, kernel::find_tracefs());
  DTP_TRY(auto signals, kernel::StopSignals::block());
  const kernel::Leases leases;
  DTP_TRY(const kernel::HeldLease held, find_lease(leases, options.name));
  if (!options.discards) DTP_CHECK(show(tracefs, options, common, held.lease));
  if (!options.keeps) {
    DTP_CHECK(kernel::remove_leased(tracefs, held.lease.name));
    leases.forget(held);
  }
  kernel::remove_expired(tracefs);
  return 0;
}

}  // namespace

void add_collect(Registry& registry) {
  CLI::App& command =
      *registry.app.add_subcommand("collect", "show what an armed recipe or probe has seen, and disarm it");
  const auto options = std::make_shared<Options>();
  command.add_option("NAME", options->name, "what 'dtrace++ armed' calls it")->required();
  auto* keep =
      command.add_flag("--keep", options->keeps, "leave it armed: what is counted goes on, records are taken out");
  auto* discard = command.add_flag("--discard", options->discards, "show nothing, only disarm it")->excludes(keep);
  command.add_option("-o,--output", options->output, "write the records into a file, which script and report read")
      ->type_name("FILE")
      ->excludes(discard);
  command.add_option("--top", options->top, "rows of the table; 0: all, or as the recipe has it")->type_name("N");
  add_format_option(command, options->format, "how the answer is printed", record_formats);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ collect files-read\n"
      "  dtrace++ collect lossy --keep --format json\n"
      "  dtrace++ collect lossy -o lossy.data");
  run_alone(command, registry, options, collect);
}

}  // namespace dtp::cmd
