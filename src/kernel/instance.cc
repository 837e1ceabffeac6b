#include "kernel/instance.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <ctime>
#include <utility>

#include "kernel/perf_event.h"

namespace dtp::kernel {
namespace {

// Pages of the kernel's ring; a smaller one is read all the same, in pieces of its own size.
constexpr std::size_t page_bytes = 64 * 1024;
constexpr const char* page_size = "buffer_subbuf_size_kb";
// Samples go on when there are so many of them.
constexpr std::size_t batch_bytes = 256 * 1024;

std::string file_of(const EventName& event, const char* file) {
  return "events/" + event.group + "/" + event.event + "/" + file;
}

// The second trigger refers to the first, and to the pairs' event.
std::vector<Undo> undo_triggers(const std::vector<InstanceEvent>& events) {
  std::vector<Undo> all;
  for (const InstanceEvent& event : events) {
    if (!event.pairing) continue;
    all.push_back({file_of(event.pairing->to.name, "trigger"), "!" + second_trigger(*event.pairing, event.name.event)});
    all.push_back({file_of(event.pairing->from.name, "trigger"), "!" + first_trigger(*event.pairing)});
  }
  return all;
}

std::vector<Undo> undo_pair_events(const std::vector<InstanceEvent>& events) {
  std::vector<Undo> all;
  for (const InstanceEvent& event : events)
    if (event.pairing) all.push_back({PairEvent::list, PairEvent::removal_of(event.name.event)});
  return all;
}

// Pairs that began before now are not wanted: their ends would be records of what nobody watched.
std::string only_from_now(const std::string& filter) {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  constexpr std::uint64_t ns_of_second = 1'000'000'000;
  const std::uint64_t ns =
      static_cast<std::uint64_t>(now.tv_sec) * ns_of_second + static_cast<std::uint64_t>(now.tv_nsec);
  return std::string(pair_time) + " >= " + std::to_string(ns) + (filter.empty() ? "" : " && (" + filter + ")");
}

std::string pipe_directory(unsigned cpu) { return "per_cpu/cpu" + std::to_string(cpu); }

}  // namespace

std::uint64_t count_in_stats(std::string_view stats, std::string_view key) {
  const std::size_t at = stats.find(key);
  if (at == std::string_view::npos) return 0;
  std::uint64_t count = 0;
  std::from_chars(stats.data() + at + key.size(), stats.data() + stats.size(), count);
  return count;
}

std::vector<SampleMaker::Event> Instance::events_of(const InstanceOptions& options) {
  std::vector<SampleMaker::Event> events;
  for (const InstanceEvent& event : options.events) events.push_back(event.sample);
  return events;
}

Instance::Instance(Instance&& other) noexcept
    : tracefs_(other.tracefs_),
      folder_(std::move(other.folder_)),
      options_(std::move(other.options_)),
      pipes_(std::move(other.pipes_)),
      page_(std::move(other.page_)),
      samples_(std::move(other.samples_)) {}

Instance::~Instance() {
  if (folder_.path().empty()) return;
  disable();
  pipes_.clear();
}

Result<void> Instance::set_filter(const InstanceEvent& event, const std::string& filter) const {
  if (filter.empty()) return {};
  if (const auto done = tracefs_->write(folder_.path() + "/" + file_of(event.name, "filter"), filter); !done)
    return fail(refused_filter(*tracefs_, event.name, filter, done.error()));
  return {};
}

// Large pages are read with fewer calls. Older kernels have small ones only, and so has one whose memory is in pieces.
Result<void> Instance::set_ring_size() const {
  const std::string size = std::to_string(options_.ring_bytes / 1024);
  const bool is_for_large = options_.ring_bytes >= 16 * page_bytes;
  if (is_for_large && folder_.set(page_size, std::to_string(page_bytes / 1024)) && folder_.set("buffer_size_kb", size))
    return {};
  if (is_for_large) (void)folder_.set(page_size, "4");
  return folder_.set("buffer_size_kb", size);
}

Result<void> Instance::set_up() {
  DTP_CHECK(folder_.set("trace_clock", "mono"));
  DTP_CHECK(set_ring_size());
  // What finds no room is lost and counted; what was recorded stays.
  DTP_CHECK(folder_.set("options/overwrite", "0"));
  if (!options_.tasks.empty()) DTP_CHECK(folder_.watch_tasks(options_.tasks));
  for (const InstanceEvent& event : options_.events) {
    DTP_CHECK(set_filter(event, event.filter));
    if (!event.pairing) continue;
    DTP_CHECK(folder_.set(file_of(event.pairing->from.name, "trigger"), first_trigger(*event.pairing)));
    DTP_CHECK(
        folder_.set(file_of(event.pairing->to.name, "trigger"), second_trigger(*event.pairing, event.name.event)));
  }
  for (const unsigned cpu : options_.cpus) {
    const std::string path = folder_.path() + "/" + pipe_directory(cpu) + "/trace_pipe_raw";
    auto pipe = tracefs_->open_stream(path);
    if (!pipe) return fail(tracefs_error("cannot read", path, pipe.error()));
    pipes_.push_back(std::move(*pipe));
  }
  return {};
}

Result<Instance> Instance::create(TraceFs& tracefs, InstanceOptions options) {
  DTP_TRY(InstanceFolder folder,
          InstanceFolder::create(tracefs, undo_triggers(options.events), undo_pair_events(options.events)));
  Instance instance(tracefs, std::move(folder), std::move(options));
  DTP_CHECK(instance.set_up());
  return instance;
}

Result<void> Instance::enable() {
  for (const InstanceEvent& event : options_.events) {
    if (event.pairing) DTP_CHECK(set_filter(event, only_from_now(event.filter)));
    const std::string path = folder_.path() + "/" + file_of(event.name, "enable");
    if (const auto done = tracefs_->write(path, "1"); !done)
      return fail(cannot_record(spell(event.name), "cannot enable", done.error()));
  }
  return {};
}

void Instance::disable() {
  for (const InstanceEvent& event : options_.events) (void)folder_.set(file_of(event.name, "enable"), "0");
}

void Instance::set_enabled(std::uint64_t id, bool is_on) {
  for (const InstanceEvent& event : options_.events)
    if (event.sample.id == id) (void)folder_.set(file_of(event.name, "enable"), is_on ? "1" : "0");
}

Result<std::size_t> drain_pipe(const RingPipe& pipe, std::vector<std::byte>& page, SampleMaker& samples,
                               Processes& processes, const TakeSamples& take) {
  page.resize(page_bytes);
  std::size_t bytes = 0;
  const auto hand_over = [&]() -> Result<void> {
    const MadeSamples made = samples.samples();
    bytes += made.bytes.size();
    if (!made.bytes.empty()) DTP_CHECK(take(made));
    samples.clear();
    return {};
  };
  for (std::size_t seen = 0; seen <= pipe.most_bytes;) {
    ssize_t got = 0;
    do got = ::read(pipe.fd, page.data(), page.size());
    while (got < 0 && errno == EINTR);
    if (got <= 0) break;
    seen += static_cast<std::size_t>(got);
    const auto piece = std::span(page).first(static_cast<std::size_t>(got));
    if (samples.add_page(piece, pipe.cpu, processes) >= batch_bytes) DTP_CHECK(hand_over());
  }
  DTP_CHECK(hand_over());
  return bytes;
}

// No more than the ring holds: what is written meanwhile waits for the next round, and other rings do not.
Result<std::size_t> Instance::drain(std::size_t index, Processes& processes, const Take& take) {
  const RingPipe pipe{pipes_[index].get(), options_.cpus[index], options_.ring_bytes};
  return drain_pipe(pipe, page_, samples_, processes, take);
}

std::uint64_t Instance::lost() const {
  std::uint64_t sum = 0;
  for (const unsigned cpu : options_.cpus) {
    const std::string stats = tracefs_->read(folder_.path() + "/" + pipe_directory(cpu) + "/stats").value_or("");
    for (const std::string_view key : {"\noverrun: ", "\ncommit overrun: ", "\ndropped events: "})
      sum += count_in_stats(stats, key);
  }
  return sum;
}

std::uint64_t Instance::dropped() const {
  std::uint64_t sum = 0;
  for (const InstanceEvent& event : options_.events) {
    if (!event.pairing) continue;
    const std::string file = file_of(event.pairing->from.name, "hist");
    sum += count_in_stats(tracefs_->read(folder_.path() + "/" + file).value_or(""), "\n    Dropped: ");
  }
  return sum;
}

}  // namespace dtp::kernel
