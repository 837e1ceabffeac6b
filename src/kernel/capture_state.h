// What a capture holds. For its own files only: capture.cc opens, polls and counts, capture_windows.cc governs.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/file.h"
#include "kernel/capture.h"
#include "kernel/child.h"
#include "kernel/flight_ring.h"
#include "kernel/governor.h"
#include "kernel/instance.h"
#include "kernel/perf_event.h"
#include "kernel/profile.h"
#include "kernel/ring.h"

namespace dtp::kernel {

void raise_descriptor_limit(std::size_t needed);

struct Capture::State {
  using Clock = std::chrono::steady_clock;

  // A perf descriptor and the index of its event in `events`.
  struct Opened {
    base::Fd fd = {};
    std::size_t event = 0;
    bool counts_all = false;  // has no filter, and no ring
  };

  // Descriptors of a cpu through which its rings are mapped; -1: not yet.
  struct RingOwners {
    int forward = -1;
    int backward = -1;
  };

  TraceFs& tracefs;
  StopSignals& signals;
  CaptureOptions options = {};
  std::vector<CaptureEvent> asked = {};
  std::vector<OpenedEvent> events = {};
  std::vector<unsigned> cpus = {};
  std::vector<pid_t> tasks = {};
  base::Fd cgroup = {};  // of every task those in it
  std::optional<Child> child = {};
  bool starts_by_exec = false;
  std::vector<Opened> opened = {};
  std::size_t ring_bytes = 0;
  std::vector<RingOwners> ring_owners = {};  // of cpus[i]
  std::vector<base::Fd> guards = {};
  std::vector<Opened> anchors = {};
  std::vector<bool> is_anchored = {};  // which events want one
  bool has_anchors = false;
  std::vector<Ring> rings = {};           // of cpus[i]
  std::vector<FlightRing> flights = {};   // likewise, when the events overwrite; the dummy's records do not
  std::optional<Instance> instance = {};  // event probes are recorded here
  Processes processes = {};
  std::vector<bool> is_task_alive = {};
  base::Fd poller = {};
  std::vector<Profile> profiles_before = {};
  std::vector<Profile> profiles_after = {};  // empty: the events are on
  std::optional<Ended> why = {};             // asked to end
  bool is_command_gone = false;
  bool is_requested = false;  // by USR2
  std::uint64_t bytes = 0;

  // What the governor goes by and does.
  struct Windows {
    bool is_off = false;
    bool was_told = false;
    Clock::time_point since = {};  // off
    Clock::duration off_for{0};    // before that
  };
  mutable std::mutex governing = {};  // held for what has to do with `opened` and with all of the following
  std::optional<Governor> governor = {};
  std::optional<Error> failure = {};  // of switching an event on
  std::vector<Windows> windows = {};  // of each event
  Clock::time_point armed = {};
  Clock::time_point disarmed = {};
  std::vector<std::uint64_t> taken = {};                // of each event, out of the instance's rings
  std::vector<Counted> closed = {};                     // what events of perf had counted that are closed
  std::set<pid_t> live = {};                            // the tasks that are watched, with all that they started
  std::map<std::uint64_t, std::uint64_t> aliases = {};  // identifiers of events that were opened again -> the first
  std::vector<std::byte> renamed = {};

  State(TraceFs& t, StopSignals& s) : tracefs(t), signals(s) {}

  // open
  Result<void> prepare_events();
  Result<void> prepare_instance();
  void prepare_governor();
  Result<void> open_all();
  std::vector<std::size_t> order_of_opening() const;
  Result<bool> open_task(std::size_t at, std::size_t task);
  Result<std::optional<std::uint64_t>> open_event(const perf_event_attr& attr, std::size_t event, std::size_t at,
                                                  pid_t task);
  Result<void> join_ring(const base::Fd& fd, const perf_event_attr& attr, std::size_t at, pid_t task);
  Result<void> set_filter(const Opened& one) const;
  Io<base::Fd> open_one(const perf_event_attr& attr, std::size_t event, unsigned cpu, pid_t task) const;
  Result<void> open_twin_of_filtered(std::size_t event, perf_event_attr attr, unsigned cpu, pid_t task);
  void open_guards();
  void open_anchors();
  void open_anchor(std::size_t event);
  Result<void> prepare_poll();
  Result<void> watch(int fd, std::uint32_t events_wanted, std::uint64_t token) const;
  // run
  Result<void> start();
  Result<void> poll(const Sink& sink, Clock::time_point begin);
  void handle(std::uint64_t token, std::uint32_t epoll_events);
  void ask_to_end(Ended reason);
  Result<void> drain(const Sink& sink);
  Result<void> dump(const Sink& sink);
  bool are_tasks_gone() const {
    return std::find(is_task_alive.begin(), is_task_alive.end(), true) == is_task_alive.end();
  }
  // Of every task, and without stacks: the instance does the same for less.
  bool needs_no_perf_ring() const {
    const bool has_clock = std::ranges::any_of(asked, [](const CaptureEvent& event) { return event.hz != 0; });
    return tasks.front() == every_task && !cgroup && !options.overwrite && options.stacks.kind == Stacks::none &&
           !has_clock;
  }
  bool is_of_instance(const OpenedEvent& event) const {
    return instance && !event.ids.empty() && event.ids.front() >= first_instance_sample;
  }
  void control_all(unsigned long request) const;
  void disarm();
  void add_count(const Opened& one, Counted& counted) const;
  std::vector<Counted> count() const;
  void end_child();
  std::vector<EventName> names() const;
  // govern: capture_windows.cc
  void watch_tasks(std::span<const std::byte> records);
  std::span<const std::byte> with_first_ids(std::span<const std::byte> records);
  Result<void> note_governed();
  std::vector<std::uint64_t> hits() const;
  void govern(const std::stop_token& stop, const Sink& sink);
  Result<void> take_step(const Governor::Step& step, const Sink& sink);
  Result<void> switch_on(std::size_t event);
  void switch_off(std::size_t event);
  Result<void> open_again(std::size_t event);
  void close_event(std::size_t event);
  void add_windows(std::size_t event, Counted& counted) const;
};

}  // namespace dtp::kernel
