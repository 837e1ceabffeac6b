// Recording tracepoint events: of every task and without stacks through tracefs' rings (instance.h), which cost the
// traced system less than half; else through perf's (perf_event_open(2)). What comes out is the same.
//
//   open   one perf event per (event x cpu), or per (event x task x cpu) with inherit; all of a cpu share one
//          ring. A dummy software event in front carries COMM, FORK, EXIT and MMAP2 records. A uprobe costs
//          other users of its file time while a command, or a process that forks, is watched: capture.cc says why.
//   run    enables, releases the command, polls; hands whole records to the sink, in ring order per cpu.
//   close  disables, drains, reads what was lost, closes. Only then may the events be removed.
#pragma once

#include <linux/perf_event.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dtracepp/error.h"
#include "kernel/events.h"
#include "kernel/governor.h"
#include "kernel/pairing.h"
#include "kernel/perf_event.h"
#include "kernel/profile.h"
#include "kernel/sample_maker.h"
#include "kernel/signals.h"
#include "kernel/target.h"

namespace dtp::kernel {

struct CaptureEvent {
  EventName name = {};
  std::string filter = {};              // in the kernel's language; empty: none
  CpuSeconds hit_cost{0};               // see hit_cost.h; for the governor
  bool without_stack = false;           // where the others have one
  std::uint64_t hz = 0;                 // not a hit of an event, but where each cpu is, so many times a second
  std::optional<Pairing> pairing = {};  // it is that of pairs, which the kernel makes of these
  std::size_t thread_offset = SampleMaker::common_thread_offset;  // of a pair: see SampleMaker::Event
  // Of an overwriting capture: its records come at once. It is another's twin with a filter of its own, and costs
  // nothing.
  bool is_trigger = false;
};

struct CaptureOptions {
  std::size_t ring_bytes = 0;    // of each cpu, rounded up to a power of two; 0: 8 MiB, less on many cpus
  int poll_ms = 100;             // records wait no longer than this
  std::int64_t duration_ms = 0;  // 0: no end
  StackOptions stacks = {};
  double budget = 0;       // what the probes may cost, as a part of all CPUs, see governor.h; 0: that is not looked at
  bool overwrite = false;  // the rings keep the newest records, which are handed over when asked for and at the end
};

// One event as opened: what the header of a perf.data file says of it.
struct OpenedEvent {
  std::string name = {};  // "probe:vfs_read"; "dummy:u" for the one that carries COMM and MMAP2
  perf_event_attr attr = {};
  std::vector<std::uint64_t> ids = {};
};

// What the kernel counted of an event since the capture began.
struct Counted {
  Profile profile = {};  // on the whole machine
  std::uint64_t reached =
      0;  // hits of whom is watched, before the filter; in tracefs' rings, without a filter, not known
  std::uint64_t passed = 0;      // those that the filter let through
  std::uint64_t ring_full = 0;   // of them those that found no room
  bool counts_passed = false;    // not in tracefs' rings
  std::uint64_t watched_ms = 0;  // the event was on: hits of the rest are in no count
  std::uint64_t whole_ms = 0;
  std::uint64_t dropped = 0;  // first hits of pairs, for which the kernel's table had no room
};

// Records that were never written. All of this is said to the user.
struct Losses {
  std::uint64_t ring = 0;     // the rings had no room
  std::uint64_t missed = 0;   // kprobes that hit while another was being handled (kprobe_profile)
  std::uint64_t dropped = 0;  // first hits of pairs, for which the kernel's table had no room
  std::uint64_t sum() const { return ring + missed + dropped; }
};

// An event costs more than the budget.
struct Overspent {
  std::size_t event = 0;  // of open()
  double hits_per_second = 0;
  CpuSeconds hit_cost{0};
  double share = 0;      // of all CPUs
  bool is_over = false;  // it is off for good; else it is on in windows of time from now on
};

// Takes what comes. An error of either stops the capture and is returned by run().
struct Sink {
  // Whole records (perf_event_header and body) in the order of this cpu's ring.
  std::function<Result<void>(std::span<const std::byte> records, unsigned cpu)> records = {};
  // Those of tracefs' rings, which are counted already; none: they are given to `records` as well.
  std::function<Result<void>(const MadeSamples& samples)> samples = {};
  // Every ring was looked at once: what comes later is not older than what came before the last round.
  std::function<Result<void>()> round = {};
  // USR2 came, and what was in the rings then has been handed over: see StopSignals::add_request.
  std::function<Result<void>()> requested = {};
  // The governor steps down.
  std::function<void(const Overspent&)> overspent = {};
};

enum class Ended { signal, command_exited, targets_gone, duration, full };

struct Ending {
  Ended why = Ended::signal;
  std::optional<int> command_status = {};  // of wait(2), when there was a command
  std::uint64_t bytes = 0;                 // handed to the sink
  double seconds = 0;
  Losses losses = {};
};

class Capture {
 public:
  static Result<Capture> open(TraceFs& tracefs, const std::vector<CaptureEvent>& events, const Target& target,
                              const CaptureOptions& options, StopSignals& signals);
  Capture(Capture&&) noexcept;
  Capture& operator=(Capture&&) = delete;
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture();

  // In the order of open(), the dummy last.
  const std::vector<OpenedEvent>& events() const;
  // Process number of the command, before it runs; 0: none.
  pid_t command_pid() const;

  // One for each event of open(). Exact after run().
  std::vector<Counted> counted() const;

  // From enabling to the last drain. Once.
  Result<Ending> run(const Sink& sink);
  // For the sink: what the overwriting rings hold is wanted, as if USR2 had come.
  void request();
  // For the sink: nothing more is wanted. The events are off from here on, and a command is asked to end.
  void stop_full();

 private:
  struct State;
  explicit Capture(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace dtp::kernel
