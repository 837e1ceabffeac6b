// Event probes write into tracefs' rings only: perf_event_open(2) takes them and never sees a record. So they are
// recorded in a tracing instance of our own, and what it holds is made into perf's samples, as if a perf ring had
// given them.
//
// The instance is named as our events are (owner.h), so that others can tell whose it is.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "dtracepp/error.h"
#include "kernel/events.h"
#include "kernel/tracefs.h"

namespace dtp::kernel {

struct InstanceEvent {
  EventName name = {};
  std::string filter = {};
  std::uint16_t type = 0;    // the number in events/.../id, with which its records begin
  std::uint64_t sample = 0;  // the identifier of its samples
};

struct InstanceOptions {
  std::vector<InstanceEvent> events = {};
  std::vector<pid_t> tasks = {};  // with the children to come; empty: every task
  std::vector<unsigned> cpus = {};
  std::size_t ring_bytes = 0;      // of each cpu
  std::uint64_t sample_type = 0;   // of the samples that are made; these rings have no stacks to fill in
};

// Which process a thread belongs to. Threads that are gone already are known by what was seen of them before.
class Processes {
 public:
  // FORK records among perf's own.
  void watch(std::span<const std::byte> records);
  std::uint32_t of(std::uint32_t tid);
  void end_round() { looked_up_.clear(); }

 private:
  std::map<std::uint32_t, std::uint32_t> seen_ = {};
  std::map<std::uint32_t, std::uint32_t> looked_up_ = {};
};

class Instance {
 public:
  using Take = std::function<Result<void>(std::span<const std::byte> samples)>;

  static Result<Instance> create(TraceFs& tracefs, InstanceOptions options);
  Instance(Instance&& other) noexcept;
  Instance& operator=(Instance&&) = delete;
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  Result<void> enable();
  void disable();
  // What the ring of cpus[index] holds now, as samples. Gives the number of bytes.
  Result<std::size_t> drain(std::size_t index, Processes& processes, const Take& take);
  std::uint64_t lost() const;

 private:
  Instance(TraceFs& tracefs, std::string directory, InstanceOptions options)
      : tracefs_(&tracefs), directory_(std::move(directory)), options_(std::move(options)) {}
  Result<void> set(const std::string& file, const std::string& text) const;
  Result<void> set_filters() const;
  Result<void> set_up();

  TraceFs* tracefs_;
  std::string directory_;  // empty: moved from
  InstanceOptions options_;
  std::vector<base::Fd> pipes_ = {};  // of cpus[i]
  std::vector<std::byte> page_ = {};
  std::vector<std::byte> samples_ = {};
};

// Instances of owners that are dead.
void remove_stale_instances(TraceFs& tracefs);

}  // namespace dtp::kernel
