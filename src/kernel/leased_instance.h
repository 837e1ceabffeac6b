// What a lease has in the kernel besides its events: an instance of tracefs. Its rings keep the newest records, with
// nobody reading them, or its histograms count.
//
// Nobody is told of the tasks that come and go meanwhile. The kernel itself remembers some names of those that ran last
// (saved_cmdlines), and of all of them which process they belonged to (saved_tgids, if the option record-tgid is set).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "dtracepp/error.h"
#include "kernel/histogram.h"
#include "kernel/instance.h"
#include "kernel/lease.h"

namespace dtp::kernel {

// Hits as the rings of all CPUs count them, of all events together.
struct RingCounts {
  std::uint64_t kept = 0;  // that are in the rings now
  std::uint64_t read = 0;  // that were taken out
  std::uint64_t overwritten = 0;
  std::uint64_t lost = 0;  // within another, for which there was no room
  std::uint64_t hits() const { return kept + read + overwritten + lost; }
};

// Tasks that the kernel remembers, by thread.
struct KnownTasks {
  std::map<std::uint32_t, std::string> names = {};
  std::map<std::uint32_t, std::uint32_t> processes = {};
};

class LeasedInstance {
 public:
  // `tasks`: whose hits, with their children to come; empty: everybody's.
  static Result<LeasedInstance> create(TraceFs& tracefs, const std::string& lease, std::span<const pid_t> tasks);
  static LeasedInstance of(TraceFs& tracefs, const std::string& lease) { return LeasedInstance(tracefs, lease); }

  // From here on hits are recorded, or counted.
  Result<void> record(std::span<const LeasedEvent> events, std::size_t ring_bytes) const;
  Result<void> count(std::span<const HistogramEvent> events) const;

  // No event records any more.
  void stop(std::span<const LeasedEvent> events) const;
  RingCounts counts() const;
  // Takes what the rings hold out of them, CPU by CPU.
  Result<void> drain(SampleMaker& samples, Processes& processes, std::size_t ring_bytes, const TakeSamples& take) const;
  // Stops counting for as long as it is read, or for good: a string that looks like a part of it is known by that.
  Result<Histogram> histogram(const HistogramEvent& event, bool goes_on) const;
  // What the histogram of an event has counted; the kernel's text may be forged by strings in it.
  std::uint64_t histogram_hits(const EventName& event) const;
  KnownTasks known_tasks() const;
  // Its events, which are not its own, stay.
  void remove() const { (void)tracefs_->remove_directory(path_); }
  // It is there.
  bool exists() const { return tracefs_->exists(path_); }

 private:
  LeasedInstance(TraceFs& tracefs, const std::string& lease)
      : tracefs_(&tracefs), path_("instances/" + group_of_lease(lease)) {}
  Result<void> set(const std::string& file, const std::string& text) const;
  Result<void> set_trigger(const HistogramEvent& event, std::string_view word) const;
  std::vector<unsigned> cpus() const;

  TraceFs* tracefs_;
  std::string path_;
};

}  // namespace dtp::kernel
