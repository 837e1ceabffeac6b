#include "kernel/instance.h"

#include <linux/perf_event.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "kernel/owner.h"
#include "kernel/trace_page.h"

namespace dtp::kernel {
namespace {

constexpr std::string_view folder = "instances/";
// Pages of the kernel's ring; a larger one (buffer_subbuf_size_kb) is read all the same, in pieces of its own size.
constexpr std::size_t page_bytes = 64 * 1024;
// struct trace_entry at the front of every event.
constexpr std::size_t entry_bytes = 8;
constexpr std::size_t thread_offset = 4;

template <class T>
void append(std::vector<std::byte>& out, const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

template <class T>
T load(std::span<const std::byte> bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// Tgid of /proc/TID/status; 0: it is gone.
std::uint32_t read_process(std::uint32_t tid) {
  const auto status = base::read_file("/proc/" + std::to_string(tid) + "/status");
  if (!status) return 0;
  constexpr std::string_view key = "\nTgid:\t";
  const std::size_t at = status->find(key);
  if (at == std::string::npos) return 0;
  std::uint32_t process = 0;
  std::from_chars(status->data() + at + key.size(), status->data() + status->size(), process);
  return process;
}

// Members of a sample without anything in them.
std::size_t bytes_of_no_stack(std::uint64_t sample_type) {
  return (sample_type & PERF_SAMPLE_REGS_USER ? 8 : 0) + (sample_type & PERF_SAMPLE_STACK_USER ? 8 : 0);
}

// The fields that kernel/perf_event.cc asks for in sample_type, in the order of perf_event_open(2).
void append_sample(std::vector<std::byte>& out, std::uint64_t sample_type, std::uint64_t id, std::uint32_t process, std::uint64_t time_ns,
                   std::uint32_t cpu, std::span<const std::byte> event) {
  const bool has_chain = (sample_type & PERF_SAMPLE_CALLCHAIN) != 0;
  const std::size_t fixed = sizeof(perf_event_header) + 6 * 8 + (has_chain ? 8 : 0);
  const std::size_t raw = (fixed + 4 + event.size() + 7) / 8 * 8;
  const std::size_t size = raw + bytes_of_no_stack(sample_type);
  const std::size_t begin = out.size();
  append(out,
         perf_event_header{
             .type = PERF_RECORD_SAMPLE, .misc = PERF_RECORD_MISC_KERNEL, .size = static_cast<std::uint16_t>(size)});
  append(out, id);
  append(out, std::uint64_t{0});  // the address of a tracepoint tells nothing
  append(out, process);
  append(out, load<std::uint32_t>(event, thread_offset));
  append(out, time_ns);
  append(out, std::uint64_t{cpu});
  append(out, std::uint64_t{1});
  if (has_chain) append(out, std::uint64_t{0});
  append(out, static_cast<std::uint32_t>(raw - fixed - 4));
  out.insert(out.end(), event.begin(), event.end());
  out.resize(begin + size);
}

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

void Processes::watch(std::span<const std::byte> records) {
  // struct { header; u32 pid, ppid; u32 tid, ptid; ... }
  constexpr std::size_t fork_bytes = sizeof(perf_event_header) + 16;
  for (std::size_t at = 0; records.size() - at >= sizeof(perf_event_header);) {
    const auto header = load<perf_event_header>(records, at);
    if (header.size < sizeof header || header.size > records.size() - at) return;
    if (header.type == PERF_RECORD_FORK && header.size >= fork_bytes)
      seen_[load<std::uint32_t>(records, at + sizeof header + 8)] = load<std::uint32_t>(records, at + sizeof header);
    at += header.size;
  }
}

std::uint32_t Processes::of(std::uint32_t tid) {
  if (tid == 0) return 0;
  const auto [known, is_new] = looked_up_.emplace(tid, 0);
  if (!is_new) return known->second;
  if (const std::uint32_t process = read_process(tid); process != 0) {
    seen_[tid] = process;
    known->second = process;
  } else {
    const auto before = seen_.find(tid);
    known->second = before == seen_.end() ? tid : before->second;
  }
  return known->second;
}

Instance::Instance(Instance&& other) noexcept
    : tracefs_(other.tracefs_),
      directory_(std::exchange(other.directory_, {})),
      options_(std::move(other.options_)),
      pipes_(std::move(other.pipes_)),
      page_(std::move(other.page_)) {}

Instance::~Instance() {
  if (directory_.empty()) return;
  disable();
  pipes_.clear();
  (void)tracefs_->remove_directory(directory_);
}

Result<void> Instance::set(const std::string& file, const std::string& text) const {
  const std::string path = directory_ + "/" + file;
  if (const auto done = tracefs_->write(path, text); !done)
    return fail(tracefs_error("cannot write", path, done.error()));
  return {};
}

Result<void> Instance::set_filters() const {
  for (const InstanceEvent& event : options_.events) {
    if (event.filter.empty()) continue;
    const std::string path = directory_ + "/events/" + event.name.group + "/" + event.name.event + "/filter";
    if (tracefs_->write(path, event.filter)) continue;
    return fail({.what = "the kernel refuses the filter of '" + event.name.group + ":" + event.name.event + "'",
                 .where = Where{"filter", event.filter, {0, event.filter.size()}},
                 .status = Status::wrong_request});
  }
  return {};
}

Result<void> Instance::set_up() {
  DTP_CHECK(set("trace_clock", "mono"));
  DTP_CHECK(set("buffer_size_kb", std::to_string(options_.ring_bytes / 1024)));
  // What finds no room is lost and counted; what was recorded stays.
  DTP_CHECK(set("options/overwrite", "0"));
  if (!options_.tasks.empty()) {
    std::string tasks;
    for (const pid_t task : options_.tasks) tasks += std::to_string(task) + " ";
    DTP_CHECK(set("options/event-fork", "1"));
    DTP_CHECK(set("set_event_pid", tasks));
  }
  DTP_CHECK(set_filters());
  for (const unsigned cpu : options_.cpus) {
    const std::string path = directory_ + "/" + pipe_directory(cpu) + "/trace_pipe_raw";
    auto pipe = tracefs_->open_stream(path);
    if (!pipe) return fail(tracefs_error("cannot read", path, pipe.error()));
    pipes_.push_back(std::move(*pipe));
  }
  page_.resize(page_bytes);
  return {};
}

Result<Instance> Instance::create(TraceFs& tracefs, InstanceOptions options) {
  DTP_TRY(const Owner owner, this_process());
  const std::string directory = std::string(folder) + group_of(owner);
  if (const auto made = tracefs.make_directory(directory); !made)
    return fail(tracefs_error("cannot make", directory, made.error()));
  Instance instance(tracefs, directory, std::move(options));
  DTP_CHECK(instance.set_up());
  return instance;
}

Result<void> Instance::enable() {
  for (const InstanceEvent& event : options_.events)
    DTP_CHECK(set("events/" + event.name.group + "/" + event.name.event + "/enable", "1"));
  return {};
}

void Instance::disable() {
  for (const InstanceEvent& event : options_.events)
    (void)set("events/" + event.name.group + "/" + event.name.event + "/enable", "0");
}

Result<std::size_t> Instance::drain(std::size_t index, Processes& processes, const Take& take) {
  std::size_t bytes = 0;
  for (;;) {
    ssize_t got = 0;
    do got = ::read(pipes_[index].get(), page_.data(), page_.size());
    while (got < 0 && errno == EINTR);
    if (got <= 0) return bytes;
    samples_.clear();
    walk_trace_page(std::span(page_).first(static_cast<std::size_t>(got)),
                    [&](std::uint64_t time_ns, std::span<const std::byte> event) {
                      if (event.size() < entry_bytes) return;
                      const auto type = load<std::uint16_t>(event, 0);
                      const auto known = std::ranges::find(options_.events, type, &InstanceEvent::type);
                      if (known == options_.events.end()) return;
                      const std::uint32_t process = processes.of(load<std::uint32_t>(event, thread_offset));
                      append_sample(samples_, options_.sample_type, known->sample, process, time_ns, options_.cpus[index], event);
                    });
    bytes += samples_.size();
    if (!samples_.empty()) DTP_CHECK(take(samples_));
  }
}

std::uint64_t Instance::lost() const {
  std::uint64_t sum = 0;
  for (const unsigned cpu : options_.cpus) {
    const std::string stats = tracefs_->read(directory_ + "/" + pipe_directory(cpu) + "/stats").value_or("");
    for (const std::string_view key : {"\noverrun: ", "\ncommit overrun: ", "\ndropped events: "})
      sum += count_in(stats, key);
  }
  return sum;
}

void remove_stale_instances(TraceFs& tracefs) {
  const auto names = tracefs.list("instances");
  if (!names) return;
  for (const std::string& name : *names)
    if (const auto owner = owner_of(name); owner && !is_alive(*owner))
      (void)tracefs.remove_directory(std::string(folder) + name);
}

}  // namespace dtp::kernel
