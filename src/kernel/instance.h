// A tracing instance of our own: its rings cost the traced system less than half of what perf's cost, but have no
// stacks. Event probes write into such rings only: perf_event_open(2) takes them and never sees a record. What the
// instance holds is made into perf's samples.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "dtracepp/error.h"
#include "kernel/events.h"
#include "kernel/instance_folder.h"
#include "kernel/pairing.h"
#include "kernel/sample_maker.h"
#include "kernel/tracefs.h"

namespace dtp::kernel {

struct InstanceEvent {
  EventName name = {};
  std::string filter = {};
  SampleMaker::Event sample = {};
  std::optional<Pairing> pairing = {};  // it is that of pairs: made of these
};

struct InstanceOptions {
  std::vector<InstanceEvent> events = {};
  std::vector<pid_t> tasks = {};  // with the children to come; empty: every task
  std::vector<unsigned> cpus = {};
  std::size_t ring_bytes = 0;     // of each cpu
  std::uint64_t sample_type = 0;  // of the samples that are made; these rings have no stacks to fill in
};

using TakeSamples = std::function<Result<void>(const MadeSamples& samples)>;

// A ring of a cpu, as trace_pipe_raw gives it.
struct RingPipe {
  int fd = -1;
  unsigned cpu = 0;
  std::size_t most_bytes = 0;  // that are read at once
};
// What it holds now, as samples. `page` is room for one. Gives the number of bytes.
Result<std::size_t> drain_pipe(const RingPipe& pipe, std::vector<std::byte>& page, SampleMaker& samples,
                               Processes& processes, const TakeSamples& take);

// "overrun: 3" and the like in per_cpu/cpuN/stats.
std::uint64_t count_in_stats(std::string_view stats, std::string_view key);

class Instance {
 public:
  using Take = TakeSamples;

  static Result<Instance> create(TraceFs& tracefs, InstanceOptions options);
  Instance(Instance&& other) noexcept;
  Instance& operator=(Instance&&) = delete;
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  Result<void> enable();
  void disable();
  // One of the events, by the identifier of its samples.
  void set_enabled(std::uint64_t id, bool is_on);
  // How many of its records came out of the rings.
  std::uint64_t taken(std::uint64_t id) const { return samples_.made(id); }
  // For epoll: readable when the ring of cpus[index] is half full.
  int pipe(std::size_t index) const { return pipes_[index].get(); }
  // What the ring of cpus[index] holds now, as samples. Gives the number of bytes.
  Result<std::size_t> drain(std::size_t index, Processes& processes, const Take& take);
  std::uint64_t lost() const;
  // First hits of pairs, for whose keys there was no room.
  std::uint64_t dropped() const;

 private:
  Instance(TraceFs& tracefs, InstanceFolder folder, InstanceOptions options)
      : tracefs_(&tracefs),
        folder_(std::move(folder)),
        options_(std::move(options)),
        samples_(options_.sample_type, events_of(options_)) {}
  static std::vector<SampleMaker::Event> events_of(const InstanceOptions& options);
  Result<void> set_filter(const InstanceEvent& event, const std::string& filter) const;
  Result<void> set_ring_size() const;
  Result<void> set_up();

  TraceFs* tracefs_;
  InstanceFolder folder_;
  InstanceOptions options_;
  std::vector<base::Fd> pipes_ = {};  // of cpus[i]
  std::vector<std::byte> page_ = {};
  SampleMaker samples_;
};

}  // namespace dtp::kernel
