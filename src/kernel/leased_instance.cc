#include "kernel/leased_instance.h"

#include <cerrno>
#include <string_view>

#include "base/lines.h"
#include "base/number.h"
#include "kernel/perf_event.h"

namespace dtp::kernel {
namespace {

std::string file_of(const EventName& event, std::string_view file) {
  return "events/" + event.group + "/" + event.event + "/" + std::string(file);
}

bool read_number(std::string_view text, std::uint32_t& number) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return base::read_number(text, number);
}

// Lines of a thread and what is known of it.
template <class Use>
void each_task(std::string_view lines, Use&& use) {
  while (!lines.empty()) {
    std::string_view line = base::take_line(lines);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    std::uint32_t thread = 0;
    if (read_number(base::take_until(line, ' '), thread)) use(thread, line);
  }
}

}  // namespace

Result<void> LeasedInstance::set(const std::string& file, const std::string& text) const {
  const std::string path = path_ + "/" + file;
  if (const auto done = tracefs_->write(path, text); !done)
    return fail(tracefs_error("cannot write", path, done.error()));
  return {};
}

Result<LeasedInstance> LeasedInstance::create(TraceFs& tracefs, const std::string& lease,
                                              std::span<const pid_t> tasks) {
  LeasedInstance instance(tracefs, lease);
  if (const auto made = tracefs.make_directory(instance.path_); !made) {
    Error error = tracefs_error("cannot make", instance.path_, made.error());
    if (made.error() == EEXIST) error.hint = "what was left in the kernel is removed by: dtrace++ armed --clean";
    return fail(std::move(error));
  }
  if (tasks.empty()) return instance;
  std::string numbers;
  for (const pid_t task : tasks) numbers += std::to_string(task) + " ";
  DTP_CHECK(instance.set("options/event-fork", "1"));
  DTP_CHECK(instance.set("set_event_pid", numbers));
  return instance;
}

Result<void> LeasedInstance::record(std::span<const LeasedEvent> events, std::size_t ring_bytes) const {
  DTP_CHECK(set("trace_clock", "mono"));
  DTP_CHECK(set("buffer_size_kb", std::to_string(ring_bytes / 1024)));
  DTP_CHECK(set("options/overwrite", "1"));
  (void)set("options/record-tgid", "1");  // not every kernel has it, and the hits count all the same
  for (const LeasedEvent& event : events) {
    if (event.filter.empty()) continue;
    if (const auto done = tracefs_->write(path_ + "/" + file_of(event.name, "filter"), event.filter); !done)
      return fail(refused_filter(*tracefs_, event.name, event.filter, done.error()));
  }
  for (const LeasedEvent& event : events)
    if (const auto done = tracefs_->write(path_ + "/" + file_of(event.name, "enable"), "1"); !done)
      return fail(cannot_record(spell(event.name), "cannot enable", done.error()));
  return {};
}

// The first time it makes the trigger, with a word it changes it.
Result<void> LeasedInstance::set_trigger(const HistogramEvent& event, std::string_view word) const {
  return set(file_of(event.name, "trigger"),
             trigger_of(event) + std::string(word) + (event.filter.empty() ? "" : " if " + event.filter));
}

Result<void> LeasedInstance::count(std::span<const HistogramEvent> events) const {
  for (const HistogramEvent& event : events) DTP_CHECK(set_trigger(event, ""));
  return {};
}

void LeasedInstance::stop(std::span<const LeasedEvent> events) const {
  for (const LeasedEvent& event : events) (void)set(file_of(event.name, "enable"), "0");
}

std::vector<unsigned> LeasedInstance::cpus() const {
  constexpr std::string_view prefix = "cpu";
  std::vector<unsigned> cpus;
  for (const std::string& name : tracefs_->list(path_ + "/per_cpu").value_or(std::vector<std::string>{})) {
    std::uint32_t cpu = 0;
    if (name.starts_with(prefix) && read_number(std::string_view(name).substr(prefix.size()), cpu)) cpus.push_back(cpu);
  }
  return cpus;
}

RingCounts LeasedInstance::counts() const {
  RingCounts counts;
  for (const unsigned cpu : cpus()) {
    const std::string path = path_ + "/per_cpu/cpu" + std::to_string(cpu) + "/stats";
    const std::string stats = "\n" + tracefs_->read(path).value_or("");
    counts.kept += count_in_stats(stats, "\nentries: ");
    counts.read += count_in_stats(stats, "\nread events: ");
    counts.overwritten += count_in_stats(stats, "\noverrun: ");
    for (const std::string_view key : {"\ncommit overrun: ", "\ndropped events: "})
      counts.lost += count_in_stats(stats, key);
  }
  return counts;
}

Result<void> LeasedInstance::drain(SampleMaker& samples, Processes& processes, std::size_t ring_bytes,
                                   const TakeSamples& take) const {
  std::vector<std::byte> page;
  for (const unsigned cpu : cpus()) {
    const std::string path = path_ + "/per_cpu/cpu" + std::to_string(cpu) + "/trace_pipe_raw";
    const auto pipe = tracefs_->open_stream(path);
    if (!pipe) return fail(tracefs_error("cannot read", path, pipe.error()));
    DTP_CHECK(drain_pipe({pipe->get(), cpu, ring_bytes}, page, samples, processes, take));
  }
  return {};
}

Result<Histogram> LeasedInstance::histogram(const HistogramEvent& event, bool goes_on) const {
  const std::string path = path_ + "/" + file_of(event.name, "hist");
  DTP_CHECK(set_trigger(event, ":pause"));
  const auto text = tracefs_->read(path);
  if (goes_on) DTP_CHECK(set_trigger(event, ":continue"));
  if (!text) return fail(tracefs_error("cannot read", path, text.error()));
  return parse_histogram(*text, event, true);
}

std::uint64_t LeasedInstance::histogram_hits(const EventName& event) const {
  const std::string text = tracefs_->read(path_ + "/" + file_of(event, "hist")).value_or("");
  const std::size_t totals = text.rfind("\nTotals:\n");
  return totals == std::string::npos ? 0 : count_in_stats(std::string_view(text).substr(totals), "Hits: ");
}

KnownTasks LeasedInstance::known_tasks() const {
  KnownTasks known;
  each_task(tracefs_->read("saved_cmdlines").value_or(""),
            [&](std::uint32_t thread, std::string_view name) { known.names[thread] = name; });
  each_task(tracefs_->read("saved_tgids").value_or(""), [&](std::uint32_t thread, std::string_view text) {
    std::uint32_t process = 0;
    if (read_number(text, process) && process != 0) known.processes[thread] = process;
  });
  return known;
}

}  // namespace dtp::kernel
