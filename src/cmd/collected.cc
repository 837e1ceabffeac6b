#include "cmd/collected.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cmd/leasing.h"
#include "record/live.h"
#include "record/recorder.h"

namespace dtp::cmd {
namespace {

using record::FieldSchema;

// As a capture has them that needs no ring of perf.
constexpr std::uint64_t not_sampled = PERF_SAMPLE_IP | PERF_SAMPLE_PERIOD;

perf_event_attr attr_of(std::uint64_t id) {
  perf_event_attr attr = kernel::tracepoint_attr(id, 0);
  attr.sample_type &= ~not_sampled;
  return attr;
}

// Where the name of the thread is among the values; their number: nowhere.
std::size_t place_of_comm(const record::EventSchema& schema) {
  const auto field = std::ranges::find(schema.fields, comm_field, &FieldSchema::name);
  return static_cast<std::size_t>(field - schema.fields.begin());
}

}  // namespace

Result<CollectedRecords> CollectedRecords::open(kernel::TraceFs& tracefs, const kernel::Lease& lease,
                                                const recipe::Recipe& recipe) {
  CollectedRecords records(tracefs, lease);
  for (const kernel::LeasedEvent& leased : lease.events) {
    DTP_TRY(WatchedEvent event, watch_leased(tracefs, leased));
    records.raw_.push_back(event);
    std::erase_if(event.schema.fields, [](const FieldSchema& field) { return field.name == comm_field; });
    ServingEvent serving{.event = std::move(event)};
    for (const recipe::Probe& probe : recipe.probes)
      if (std::ranges::find(leased.probes, probe.name) != leased.probes.end()) serving.probes.push_back(&probe);
    if (serving.probes.empty())
      return fail({.what = fmt::format("the lease of '{}' is not that of its recipe", lease.name)});
    records.shown_.push_back(std::move(serving));
  }
  if (records.raw_.empty()) return fail({.what = fmt::format("the lease of '{}' has no events", lease.name)});
  return records;
}

kernel::SampleMaker CollectedRecords::sample_maker() const {
  std::vector<kernel::SampleMaker::Event> events;
  for (const WatchedEvent& event : raw_)
    events.push_back({event.schema.id, kernel::first_instance_sample + event.schema.id});
  return {attr_of(0).sample_type, std::move(events)};
}

std::vector<kernel::OpenedEvent> CollectedRecords::opened_events() const {
  std::vector<kernel::OpenedEvent> events;
  for (const WatchedEvent& event : raw_)
    events.push_back(
        {kernel::spell(event.name), attr_of(event.schema.id), {kernel::first_instance_sample + event.schema.id}});
  kernel::OpenedEvent dummy{.name = "dummy:u", .attr = kernel::dummy_attr(0)};
  dummy.attr.sample_type &= ~not_sampled;
  events.push_back(std::move(dummy));
  return events;
}

// Those that run know best; of the others the kernel remembers some.
std::vector<record::Task> CollectedRecords::tasks() const {
  std::vector<record::Task> tasks = record::running_tasks();
  std::map<std::uint32_t, std::string> ended = tasks_.names;
  for (const record::Task& task : tasks) ended.erase(task.tid);
  for (const auto& [thread, name] : ended) {
    const auto process = tasks_.processes.find(thread);
    tasks.push_back({process == tasks_.processes.end() ? thread : process->second, thread, name});
  }
  return tasks;
}

void CollectedRecords::name_task(const record::Record& raw, record::Record& record) const {
  const std::size_t place = place_of_comm(*raw.schema);
  if (place < raw.values.size()) {
    if (const auto* name = std::get_if<std::string>(&raw.values[place].of)) record.comm = *name;
    record.values.erase(record.values.begin() + static_cast<std::ptrdiff_t>(place));
  }
  if (record.tid == 0) record.comm = "swapper";
  const auto process = tasks_.processes.find(record.tid);
  if (process != tasks_.processes.end() && record.pid == record.tid) record.pid = process->second;
}

Result<void> CollectedRecords::feed(const std::vector<record::EventSchema>& schemas, const record::Consumer& consumer) {
  std::vector<record::EventSchema> raw;
  for (const WatchedEvent& event : raw_) std::ranges::move(schemas_of(event), std::back_inserter(raw));
  if (raw.size() != schemas.size()) return fail({.what = "an event has other members than when it was armed"});
  std::vector<record::StreamEvent> events;
  for (const kernel::OpenedEvent& event : opened_events()) events.push_back({event.attr, event.ids});
  record::Record named;
  DTP_TRY(auto stream, record::Stream::create(events, raw, [&](const record::Record& record) {
            named = record;
            named.schema = &schemas[static_cast<std::size_t>(record.schema - raw.data())];
            name_task(record, named);
            return consumer(named);
          }));
  record::LiveStream live(std::move(stream));
  for (const record::Task& task : tasks()) live.stream().comms().set(task.tid, task.comm);
  kernel::SampleMaker samples = sample_maker();
  kernel::Processes processes;
  DTP_CHECK(instance_.drain(samples, processes, lease_->ring_bytes,
                            [&](const kernel::MadeSamples& made) { return live.append(made.bytes); }));
  return live.finish();
}

std::vector<kernel::Profile> CollectedRecords::profiles() const {
  std::vector<kernel::EventName> names;
  for (const WatchedEvent& event : raw_) names.push_back(event.name);
  return kernel::read_profiles(*tracefs_, names);
}

std::uint64_t CollectedRecords::missed() const {
  std::uint64_t missed = 0;
  for (const kernel::Profile& profile : profiles()) missed += profile.missed;
  return missed;
}

// The rings count what they overwrote of all events together. Where the kernel counts the hits of an event's probes
// besides, its part is known; the rest is of the event with the most records.
Result<record::Ledger> CollectedRecords::write(const std::string& path) {
  kernel::SampleMaker samples = sample_maker();
  const auto count = [&] {
    const std::vector<kernel::Profile> known = profiles();
    std::vector<kernel::Counted> counted(raw_.size());
    std::uint64_t rest = counts_.overwritten;
    std::size_t most = 0;
    for (std::size_t i = 0; i < raw_.size(); ++i) {
      const std::uint64_t taken = samples.made(kernel::first_instance_sample + raw_[i].schema.id);
      counted[i] = {.profile = known[i], .passed = taken, .counts_passed = true};
      if (taken > counted[most].passed) most = i;
      if (!known[i].is_known || !raw_[i].filter.empty()) continue;
      const std::uint64_t overwritten = std::min(rest, known[i].hits - std::min(known[i].hits, taken));
      counted[i].passed += overwritten;
      rest -= overwritten;
    }
    counted[most].passed += rest;
    for (kernel::Counted& one : counted) one.reached = one.profile.is_known ? one.profile.hits : one.passed;
    return counted;
  };
  // As of a flight recorder: what is missing was overwritten.
  record::RecorderOptions options{.path = path, .is_flight = true, .count = count, .origin = record::this_machine()};
  options.origin.version = "dtrace++ " DTP_VERSION;
  for (std::size_t i = 0; i < raw_.size(); ++i) {
    const int offset = schemas_of(raw_[i]).front().member_offset;
    if (offset >= 0)
      options.shared.push_back({i, static_cast<std::size_t>(offset), raw_[i].members,
                                std::vector<bool>(raw_[i].members.size(), !raw_[i].filter.empty())});
  }
  DTP_TRY(auto recorder, record::Recorder::create(options, opened_events(), tracing_data(*tracefs_, raw_)));
  for (const record::Task& task : tasks()) recorder.add_task(task);
  kernel::Processes processes;
  DTP_CHECK(instance_.drain(samples, processes, lease_->ring_bytes,
                            [&](const kernel::MadeSamples& made) { return recorder.take(made); }));
  DTP_CHECK(recorder.close());
  if (recorder.failure()) return fail(*recorder.failure());
  return recorder.ledger();
}

}  // namespace dtp::cmd
