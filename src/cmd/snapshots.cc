#include "cmd/snapshots.h"

#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <optional>

#include "cmd/govern.h"
#include "cmd/recorder_setup.h"
#include "kernel/perf_records.h"
#include "record/layout.h"
#include "record/live.h"
#include "record/sideband.h"

namespace dtp::cmd {
namespace {

std::vector<record::StreamEvent> stream_events(const std::vector<kernel::OpenedEvent>& opened) {
  std::vector<record::StreamEvent> events;
  for (const kernel::OpenedEvent& event : opened) events.push_back({event.attr, event.ids});
  return events;
}

// What is known of tasks is kept; the hits of a snapshot are printed with what was known before them.
class PrintedSnapshots final : public SnapshotSink {
 public:
  PrintedSnapshots(const SnapshotTrace& trace, const std::vector<record::EventSchema>& schemas,
                   const kernel::Capture& capture, std::span<const record::Task> tasks)
      : trace_(trace),
        schemas_(schemas),
        events_(stream_events(capture.events())),
        layout_(record::make_layout(capture.events().front().attr)) {
    tell_running(sideband_, trace.target, trace.capture.stacks, tasks);
  }

  Result<void> take(std::span<const std::byte> record) override {
    if (kernel::header_of(record).type == PERF_RECORD_SAMPLE)
      samples_.insert(samples_.end(), record.begin(), record.end());
    else
      sideband_.note(record::trailer_time(layout_, record), record);
    return {};
  }

  Result<void> end_round() override {
    sideband_.end_round();
    return {};
  }

  Result<Snapshot> finish(bool /*is_last*/) override {
    Snapshot snapshot;
    DTP_TRY(auto stream, record::Stream::create(events_, schemas_, [&](const record::Record& record) -> Result<void> {
              ++snapshot.records;
              if (trace_.when.is_met(record)) return trace_.report.record(record);
              ++snapshot.unmet;
              return {};
            }));
    sideband_.each_task([&](const record::Task& task) { stream.comms().set(task.tid, task.comm); });
    sideband_.each_mapping([&](const record::NewMapping& mapping) { stream.add_mapping(mapping); });
    Result<void> done;
    const auto add = [&](std::span<const std::byte> record) {
      if (done) done = stream.add(record);
    };
    sideband_.each_waiting(add);
    std::span<const std::byte> rest = samples_;
    for (auto record = kernel::take_record(rest); !record.empty(); record = kernel::take_record(rest)) add(record);
    DTP_CHECK(done);
    DTP_CHECK(stream.finish());
    samples_.clear();
    DTP_CHECK(trace_.output.flush());
    return snapshot;
  }

  Result<void> close() override { return trace_.report.end(); }

 private:
  const SnapshotTrace& trace_;
  const std::vector<record::EventSchema>& schemas_;
  std::vector<record::StreamEvent> events_;
  record::Layout layout_;
  record::Sideband sideband_{record::most_ended_of_flight};
  std::vector<std::byte> samples_ = {};
};

// Each is a recording of its own; the last that was wanted has the name that was asked for.
class RecordedSnapshots final : public SnapshotSink {
 public:
  static Result<std::unique_ptr<RecordedSnapshots>> create(const SnapshotTrace& trace, kernel::TraceFs& tracefs,
                                                           const std::vector<WatchedEvent>& watched,
                                                           const kernel::Capture& capture,
                                                           std::span<const record::Task> tasks) {
    record::RecorderOptions options = recorder_options(trace.options.output, trace.target, watched, capture);
    options.is_flight = true;
    options.most_ended = record::most_ended_of_flight;
    // Without the triggers: the events, and the dummy.
    std::vector<kernel::OpenedEvent> events(capture.events().begin(),
                                            capture.events().begin() + static_cast<std::ptrdiff_t>(watched.size()));
    events.push_back(capture.events().back());
    DTP_TRY(auto recorder, record::Recorder::create(options, events, tracing_data(tracefs, watched)));
    tell_running(recorder, trace.target, trace.capture.stacks, tasks);
    return std::unique_ptr<RecordedSnapshots>(new RecordedSnapshots(trace.options.output, std::move(recorder)));
  }

  Result<void> take(std::span<const std::byte> record) override { return recorder_.take(record); }
  Result<void> end_round() override { return recorder_.end_round(); }

  Result<Snapshot> finish(bool is_last) override {
    const Snapshot snapshot{.records = recorder_.samples() - told_};
    told_ = recorder_.samples();
    DTP_CHECK(is_last ? recorder_.close() : recorder_.switch_file());
    is_closed_ = is_last;
    if (recorder_.failure()) return fail(*recorder_.failure());
    return snapshot;
  }

  // What has been begun for a further one holds nothing.
  Result<void> close() override {
    if (is_closed_) return {};
    DTP_CHECK(recorder_.close());
    ::unlink(path_.c_str());
    return {};
  }

 private:
  RecordedSnapshots(std::string path, record::Recorder recorder)
      : path_(std::move(path)), recorder_(std::move(recorder)) {}
  std::string path_;
  record::Recorder recorder_;
  std::uint64_t told_ = 0;
  bool is_closed_ = false;
};

// What comes of a capture, sorted into triggers and what snapshots are made of.
class Snapshots {
 public:
  Snapshots(const SnapshotTrace& trace, const std::vector<WatchedEvent>& watched, Condition& on,
            kernel::Capture& capture, SnapshotSink& sink, record::LiveStream& triggers)
      : trace_(trace), on_(on), capture_(capture), sink_(sink), triggers_(triggers), taken_(watched.size()) {
    for (std::size_t i = 0; i < capture.events().size(); ++i)
      for (const std::uint64_t id : capture.events()[i].ids) event_of_[id] = i;
  }

  Result<void> records(std::span<const std::byte> records) {
    for (auto record = kernel::take_record(records); !record.empty(); record = kernel::take_record(records)) {
      const bool is_sample = kernel::header_of(record).type == PERF_RECORD_SAMPLE;
      const auto event = is_sample ? event_of_.find(kernel::id_of_sample(record)) : event_of_.end();
      const bool is_kept = event != event_of_.end() && event->second < taken_.size();
      if (!is_kept) DTP_CHECK(triggers_.append(record));
      if (is_enough()) continue;
      if (is_kept) ++taken_[event->second];
      if (is_kept || !is_sample) DTP_CHECK(sink_.take(record));
    }
    return {};
  }

  // Of a trigger.
  Result<void> hit(const record::Record& record) {
    if (is_enough() || is_wanted_ || !trace_.when.is_met(record) || !on_.is_met(record)) return {};
    is_wanted_ = true;
    capture_.request();
    return {};
  }

  Result<void> round() {
    DTP_CHECK(triggers_.finish());
    DTP_CHECK(triggers_.end_round());
    return is_enough() ? Result<void>{} : sink_.end_round();
  }

  // What the ring held is taken.
  Result<void> requested() {
    is_wanted_ = false;
    if (is_enough()) return {};
    ++seen_.snapshots;
    DTP_TRY(const Snapshot snapshot, sink_.finish(is_enough()));
    seen_.records += snapshot.records;
    seen_.unmet += snapshot.unmet;
    told_ = taken_;
    if (is_enough()) capture_.stop_full();
    return {};
  }

  // After the capture has ended: what came last was asked for, or not.
  Result<SnapshotsSeen> end(const kernel::Ending& ending, const std::vector<WatchedEvent>& watched) {
    if (is_wanted_) DTP_CHECK(requested());
    DTP_CHECK(sink_.close());
    told_.resize(taken_.size());
    const std::vector<kernel::Counted> counted = capture_.counted();
    for (std::size_t i = 0; i < watched.size(); ++i) {
      seen_.ledger.events.push_back(
          record::settle(counted[i], told_[i], told_[i], {.is_final = true, .overwrites = true}));
      seen_.ledger.events.back().event = capture_.events()[i].name;
    }
    seen_.ending = ending;
    return std::move(seen_);
  }

 private:
  bool is_enough() const { return trace_.options.most > 0 && seen_.snapshots >= trace_.options.most; }

  const SnapshotTrace& trace_;
  Condition& on_;
  kernel::Capture& capture_;
  SnapshotSink& sink_;
  record::LiveStream& triggers_;
  std::map<std::uint64_t, std::size_t> event_of_ = {};
  std::vector<std::uint64_t> taken_;      // out of the ring, of each event
  std::vector<std::uint64_t> told_ = {};  // of them those in snapshots
  bool is_wanted_ = false;
  SnapshotsSeen seen_ = {};
};

// The events, and behind them their triggers.
std::vector<kernel::CaptureEvent> twice(kernel::TraceFs& tracefs, const std::vector<WatchedEvent>& watched,
                                        const std::vector<WatchedEvent>& triggers) {
  std::vector<kernel::CaptureEvent> captured = to_capture(watched);
  estimate_costs(tracefs, captured);
  for (kernel::CaptureEvent trigger : to_capture(triggers)) {
    trigger.is_trigger = true;
    captured.push_back(std::move(trigger));
  }
  return captured;
}

Result<void> check_events(kernel::TraceFs& tracefs, const std::vector<WatchedEvent>& watched) {
  for (const WatchedEvent& event : watched)
    if (kernel::is_event_probe(tracefs, event.name))
      return fail({.what = "'" + kernel::spell({event.schema.group, event.schema.event}) +
                           "' reads through the pointers of a tracepoint, which such a ring has no records of",
                   .hint = "name fields of the tracepoint alone",
                   .status = Status::not_possible});
  return {};
}

}  // namespace

Result<SnapshotsSeen> trace_snapshots(kernel::TraceFs& tracefs, const std::vector<WatchedEvent>& watched,
                                      const SnapshotTrace& trace, kernel::StopSignals& signals, const Common& common) {
  std::vector<WatchedEvent> triggers = watched;
  DTP_TRY(Condition on, Condition::create("--snapshot-on", trace.options.on, triggers, trace.symbols));
  if (common.verbose) on.print("--snapshot-on");
  DTP_CHECK(check_events(tracefs, watched));
  DTP_TRY(auto capture,
          kernel::Capture::open(tracefs, twice(tracefs, watched, triggers), trace.target, trace.capture, signals));
  std::vector<record::EventSchema> schemas;
  for (const WatchedEvent& event : watched) std::ranges::move(schemas_of(event), std::back_inserter(schemas));
  Snapshots* hits = nullptr;
  DTP_TRY(auto stream, record::Stream::create(stream_events(capture.events()), schemas,
                                              [&](const record::Record& record) { return hits->hit(record); }));
  record::LiveStream live(std::move(stream));
  const std::vector<record::Task> tasks = known_tasks(trace.target, capture.command_pid());
  for (const record::Task& task : tasks) live.stream().comms().set(task.tid, task.comm);
  std::unique_ptr<SnapshotSink> sink;
  if (trace.options.output.empty()) {
    DTP_CHECK(trace.report.begin(schemas));
    sink = std::make_unique<PrintedSnapshots>(trace, schemas, capture, tasks);
  } else {
    DTP_TRY(sink, RecordedSnapshots::create(trace, tracefs, watched, capture, tasks));
  }
  Snapshots snapshots(trace, watched, on, capture, *sink, live);
  hits = &snapshots;
  bool announced = !trace.announced;
  const auto announce = [&] {
    if (!std::exchange(announced, true)) fmt::print(stderr, "waiting for {}; ^C ends it\n", trace.options.on);
  };
  DTP_TRY(
      const kernel::Ending ending,
      capture.run({.records = [&](std::span<const std::byte> records, unsigned) { return snapshots.records(records); },
                   .round =
                       [&] {
                         announce();
                         return snapshots.round();
                       },
                   .requested = [&] { return snapshots.requested(); },
                   .overspent =
                       [&](const kernel::Overspent& one) {
                         print_overspent(capture.events()[one.event].name, one, trace.capture.budget);
                       }}));
  return snapshots.end(ending, watched);
}

void print_snapshots_seen(const SnapshotsSeen& seen, const Common& common) {
  std::uint64_t hits = 0;
  std::uint64_t left_out = 0;
  for (const record::Account& account : seen.ledger.events) {
    hits += account.hits;
    left_out += account.left_out;
  }
  fmt::print(stderr, "{}", record::sampling_text(seen.ledger));
  if (common.verbose) fmt::print(stderr, "{}", record::ledger_table(seen.ledger));
  if (common.quiet && seen.ledger.lost() == 0) return;
  fmt::print(stderr, "{} snapshot{} with {} of {} hits in {:.1f} s, {} overwritten or not asked for{}, {}\n",
             seen.snapshots, seen.snapshots == 1 ? "" : "s", seen.records - seen.unmet, hits, seen.ending.seconds,
             left_out, seen.unmet > 0 ? fmt::format(", {} left out by --when", seen.unmet) : "",
             describe_losses(seen.ending.losses));
}

}  // namespace dtp::cmd
