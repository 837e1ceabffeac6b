#include "kernel/instance.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <utility>

#include "kernel/perf_event.h"

namespace dtp::kernel {
namespace {

// Pages of the kernel's ring; a larger one (buffer_subbuf_size_kb) is read all the same, in pieces of its own size.
constexpr std::size_t page_bytes = 64 * 1024;
// Samples go on when there are so many of them.
constexpr std::size_t batch_bytes = 256 * 1024;

// "overrun: 3" and the like in per_cpu/cpuN/stats.
std::uint64_t count_in(std::string_view stats, std::string_view key) {
  const std::size_t at = stats.find(key);
  if (at == std::string_view::npos) return 0;
  std::uint64_t count = 0;
  std::from_chars(stats.data() + at + key.size(), stats.data() + stats.size(), count);
  return count;
}

std::string pipe_directory(unsigned cpu) { return "per_cpu/cpu" + std::to_string(cpu); }

}  // namespace

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

Result<void> Instance::set_filters() const {
  for (const InstanceEvent& event : options_.events) {
    if (event.filter.empty()) continue;
    const std::string path = folder_.path() + "/events/" + event.name.group + "/" + event.name.event + "/filter";
    if (const auto done = tracefs_->write(path, event.filter); !done)
      return fail(refused_filter(*tracefs_, event.name, event.filter, done.error()));
  }
  return {};
}

Result<void> Instance::set_up() {
  DTP_CHECK(folder_.set("trace_clock", "mono"));
  DTP_CHECK(folder_.set("buffer_size_kb", std::to_string(options_.ring_bytes / 1024)));
  // What finds no room is lost and counted; what was recorded stays.
  DTP_CHECK(folder_.set("options/overwrite", "0"));
  if (!options_.tasks.empty()) DTP_CHECK(folder_.watch_tasks(options_.tasks));
  DTP_CHECK(set_filters());
  for (const unsigned cpu : options_.cpus) {
    const std::string path = folder_.path() + "/" + pipe_directory(cpu) + "/trace_pipe_raw";
    auto pipe = tracefs_->open_stream(path);
    if (!pipe) return fail(tracefs_error("cannot read", path, pipe.error()));
    pipes_.push_back(std::move(*pipe));
  }
  page_.resize(page_bytes);
  return {};
}

Result<Instance> Instance::create(TraceFs& tracefs, InstanceOptions options) {
  DTP_TRY(InstanceFolder folder, InstanceFolder::create(tracefs));
  Instance instance(tracefs, std::move(folder), std::move(options));
  DTP_CHECK(instance.set_up());
  return instance;
}

Result<void> Instance::enable() {
  for (const InstanceEvent& event : options_.events) {
    const std::string path = folder_.path() + "/events/" + event.name.group + "/" + event.name.event + "/enable";
    if (const auto done = tracefs_->write(path, "1"); !done)
      return fail(cannot_record(spell(event.name), "cannot enable", done.error()));
  }
  return {};
}

void Instance::disable() {
  for (const InstanceEvent& event : options_.events)
    (void)folder_.set("events/" + event.name.group + "/" + event.name.event + "/enable", "0");
}

void Instance::set_enabled(std::uint64_t id, bool is_on) {
  for (const InstanceEvent& event : options_.events)
    if (event.sample.id == id)
      (void)folder_.set("events/" + event.name.group + "/" + event.name.event + "/enable", is_on ? "1" : "0");
}

// No more than the ring holds: what is written meanwhile waits for the next round, and other rings do not.
Result<std::size_t> Instance::drain(std::size_t index, Processes& processes, const Take& take) {
  std::size_t bytes = 0;
  const auto hand_over = [&]() -> Result<void> {
    bytes += samples_.samples().size();
    if (!samples_.samples().empty()) DTP_CHECK(take(samples_.samples()));
    samples_.clear();
    return {};
  };
  for (std::size_t seen = 0; seen <= options_.ring_bytes;) {
    ssize_t got = 0;
    do got = ::read(pipes_[index].get(), page_.data(), page_.size());
    while (got < 0 && errno == EINTR);
    if (got <= 0) break;
    seen += static_cast<std::size_t>(got);
    const auto page = std::span(page_).first(static_cast<std::size_t>(got));
    if (samples_.add_page(page, options_.cpus[index], processes) >= batch_bytes) DTP_CHECK(hand_over());
  }
  DTP_CHECK(hand_over());
  return bytes;
}

std::uint64_t Instance::lost() const {
  std::uint64_t sum = 0;
  for (const unsigned cpu : options_.cpus) {
    const std::string stats = tracefs_->read(folder_.path() + "/" + pipe_directory(cpu) + "/stats").value_or("");
    for (const std::string_view key : {"\noverrun: ", "\ncommit overrun: ", "\ndropped events: "})
      sum += count_in(stats, key);
  }
  return sum;
}

}  // namespace dtp::kernel
