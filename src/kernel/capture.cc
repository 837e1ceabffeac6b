// How the uprobes of a process tree are kept (seen on 6.1, 6.12 and 6.18):
//
// A uprobe's breakpoint stays in a process as long as some perf event of it was opened for, or inherited by, a task
// with that address space. But when the scheduler changes between two tasks whose events were all inherited from
// the same parent, it saves time by swapping their event contexts (context_equiv() in kernel/events/core.c). If one
// of the two ends then, the event that stands for the other goes with it, the breakpoint is removed, and every
// later hit is missing without a trace. Two things help:
//
// - A guard: an event that is not inherited keeps the contexts of a task's direct children from being equivalent.
// - An anchor: a disabled event for all tasks keeps the breakpoint in every process that maps the file. What is
//   recorded stays the same; other users of the file pay for the trap. A command gets it at once, running
//   processes when the first of them starts a new one.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

#include "base/file.h"
#include "kernel/capture_state.h"
#include "kernel/hit_cost.h"
#include "kernel/urgent.h"

namespace dtp::kernel {
namespace {

constexpr std::size_t default_ring_bytes = 8U << 20;
constexpr std::size_t default_all_rings_bytes = 512U << 20;
constexpr std::size_t least_ring_bytes = 64U << 10;
constexpr std::size_t most_ring_bytes = 1U << 30;

// What epoll gives back for a descriptor that is not the number of a task.
constexpr std::uint64_t signal_token = ~std::uint64_t{0};
constexpr std::uint64_t child_token = signal_token - 1;
constexpr std::uint64_t ring_token = signal_token - 2;

std::size_t choose_ring_bytes(std::size_t asked, std::size_t cpus) {
  const std::size_t wanted =
      asked != 0 ? asked : std::min(default_ring_bytes, default_all_rings_bytes / std::max<std::size_t>(cpus, 1));
  return std::bit_ceil(std::clamp(wanted, least_ring_bytes, most_ring_bytes));
}

Error unwatched_group() {
  return {.what = "perf knows nothing of this control group",
          .hint = "if it still exists: echo +pids >/sys/fs/cgroup/cgroup.subtree_control",
          .status = Status::not_possible};
}

Result<std::uint64_t> read_id(TraceFs& tracefs, const EventName& name) {
  const Io<std::string> text = tracefs.read("events/" + name.group + "/" + name.event + "/id");
  std::uint64_t id = 0;
  if (text && std::from_chars(text->data(), text->data() + text->size(), id).ec == std::errc()) return id;
  if (text || text.error() == ENOENT) {
    return fail({.what = "no event '" + spell(name) + "'",
                 .hint = "probes are listed by 'dtrace++ list', tracepoints by 'perf list tracepoint'",
                 .status = Status::wrong_request});
  }
  return fail(tracefs_error("cannot read the id of", spell(name), text.error()));
}

// Perf adds up times of these tracepoints where of all others it counts hits (__perf_count of trace/events/sched.h).
bool is_weighed(const EventName& name) { return name.group == "sched" && name.event.starts_with("sched_stat_"); }

}  // namespace

// Descriptors are a limit that nobody set with rings in mind; the hard one is.
void raise_descriptor_limit(std::size_t needed) {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return;
  limit.rlim_cur = std::min<rlim_t>(needed, limit.rlim_max);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<void> Capture::State::prepare_events() {
  for (const CaptureEvent& event : asked) {
    if (event.hz != 0) {
      events.push_back({.name = event.name.event, .attr = clock_attr(event.hz, ring_bytes)});
      continue;
    }
    DTP_TRY(const std::uint64_t id, read_id(tracefs, event.name));
    events.push_back({.name = spell(event.name), .attr = tracepoint_attr(id, ring_bytes)});
  }
  events.push_back({.name = "dummy:u", .attr = dummy_attr(ring_bytes)});
  const bool with_lost = counts_lost();
  const bool with_build_ids = options.stacks.kind != Stacks::none && knows_build_ids();
  for (OpenedEvent& event : events) {
    if (with_lost) event.attr.read_format |= PERF_FORMAT_LOST;
    add_stacks(event.attr, options.stacks);
    if (needs_no_perf_ring()) event.attr.sample_type &= ~std::uint64_t{PERF_SAMPLE_IP | PERF_SAMPLE_PERIOD};
    event.attr.inherit = tasks.front() != every_task;
    event.attr.enable_on_exec = starts_by_exec;
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    perf_event_attr& attr = events[i].attr;
    attr.write_backward = options.overwrite && !asked[i].is_trigger;
    if (asked[i].is_trigger) {
      attr.watermark = 0;
      attr.wakeup_events = 1;
    }
    // Their samples have the layout of the others, with an empty stack.
    if (asked[i].without_stack) attr.exclude_callchain_kernel = attr.exclude_callchain_user = 1;
  }
  events.back().attr.build_id = with_build_ids;
  events.back().attr.mmap_data = options.stacks.kind == Stacks::copies;  // perf unwinds by what is not executable
  return {};
}

Result<void> Capture::State::prepare_instance() {
  InstanceOptions wanted{.cpus = cpus, .ring_bytes = ring_bytes, .sample_type = events.front().attr.sample_type};
  for (std::size_t i = 0; i < asked.size(); ++i) {
    std::optional<Pairing>& pairing = asked[i].pairing;
    if (!needs_no_perf_ring() && !pairing && !is_event_probe(tracefs, asked[i].name)) continue;
    const auto type = static_cast<std::uint16_t>(events[i].attr.config);
    events[i].ids = {first_instance_sample + type};
    if (pairing && starts_by_exec) pairing->from.filter = after_exec(pairing->from.filter, child->pid());
    wanted.events.push_back({asked[i].name,
                             asked[i].filter,
                             {.type = type, .id = events[i].ids.front(), .thread_offset = asked[i].thread_offset},
                             pairing});
  }
  if (wanted.events.empty()) return {};
  profiles_before = read_profiles(tracefs, names());
  if (options.overwrite) {
    return fail({.what = "'" + spell(wanted.events.front().name) + "' cannot be recorded with --overwrite",
                 .hint = "event probes are recorded as they come: leave it out",
                 .status = Status::not_possible});
  }
  if (cgroup) {
    return fail({.what = "'" + spell(wanted.events.front().name) + "' cannot be recorded of a control group alone",
                 .hint = "the kernel tells event probes of processes apart: -p PID",
                 .status = Status::not_possible});
  }
  if (tasks.front() != every_task) wanted.tasks = tasks;
  DTP_TRY(Instance made, Instance::create(tracefs, std::move(wanted)));
  instance.emplace(std::move(made));
  return {};
}

Result<void> Capture::State::set_filter(const Opened& one) const {
  if (one.event >= asked.size() || asked[one.event].filter.empty()) return {};
  const CaptureEvent& event = asked[one.event];
  if (::ioctl(one.fd.get(), PERF_EVENT_IOC_SET_FILTER, event.filter.c_str()) == 0) return {};
  return fail(refused_filter(tracefs, event.name, event.filter, errno));
}

// The dummy is for all tasks: one may come into the group long after it got its name.
Io<base::Fd> Capture::State::open_one(const perf_event_attr& attr, std::size_t event, unsigned cpu, pid_t task) const {
  if (cgroup && event < asked.size()) return open_cgroup_event(attr, cgroup.get(), static_cast<int>(cpu));
  return open_perf_event(attr, task, static_cast<int>(cpu));
}

// Nothing counts what a filter drops: a second event, which only counts, has none.
Result<void> Capture::State::open_twin_of_filtered(std::size_t event, perf_event_attr attr, unsigned cpu, pid_t task) {
  if (event >= asked.size() || asked[event].filter.empty()) return {};
  attr.sample_period = 0;
  auto fd = open_one(attr, event, cpu, task);
  if (fd) opened.push_back({std::move(*fd), event, true});
  // Its task has just ended; the others are told apart by the event itself.
  return fd || fd.error() == ESRCH ? Result<void>{}
                                   : fail(cannot_record(events[event].name, "perf_event_open of", fd.error()));
}

// The first of its cpu makes the ring of the others to come. That of a flight recorder belongs to an event that never
// happens: the others may be closed while it is mapped.
Result<void> Capture::State::join_ring(const base::Fd& fd, const perf_event_attr& attr, std::size_t at, pid_t task) {
  const bool overwrites = attr.write_backward != 0;
  int& owner = overwrites ? ring_owners[at].backward : ring_owners[at].forward;
  if (owner < 0 && overwrites) {
    perf_event_attr nothing = dummy_attr(0);
    nothing.mmap = nothing.mmap2 = nothing.comm = nothing.comm_exec = nothing.task = 0;
    nothing.write_backward = 1;
    auto of_ring = open_perf_event(nothing, task, static_cast<int>(cpus[at]));
    if (!of_ring) return fail(cannot_record("one ring", "perf_event_open of", of_ring.error()));
    DTP_TRY(FlightRing ring, FlightRing::map(of_ring->get(), ring_bytes));
    flights.push_back(std::move(ring));
    owner = of_ring->get();
    guards.push_back(std::move(*of_ring));
  } else if (owner < 0) {
    DTP_TRY(Ring ring, Ring::map(fd.get(), ring_bytes));
    rings.push_back(std::move(ring));
    owner = fd.get();
    return {};
  }
  if (::ioctl(fd.get(), PERF_EVENT_IOC_SET_OUTPUT, owner) != 0)
    return fail(cannot_record("one ring", "cannot join", errno));
  return {};
}

// Gives its identifier; none: the task, or the group, is gone.
Result<std::optional<std::uint64_t>> Capture::State::open_event(const perf_event_attr& attr, std::size_t event,
                                                                std::size_t at, pid_t task) {
  Io<base::Fd> fd = open_one(attr, event, cpus[at], task);
  if (!fd && fd.error() == ESRCH) return std::optional<std::uint64_t>{};
  const bool is_again = armed != Clock::time_point();
  if (!fd && cgroup && fd.error() == ENOENT && !is_again) return fail(unwatched_group());
  if (!fd && cgroup && fd.error() == ENOENT) return std::optional<std::uint64_t>{};
  if (!fd) return fail(cannot_record(events[event].name, "perf_event_open of", fd.error()));
  std::uint64_t id = 0;
  if (::ioctl(fd->get(), PERF_EVENT_IOC_ID, &id) != 0)
    return fail(cannot_record(events[event].name, "perf_event_open of", errno));
  DTP_CHECK(join_ring(*fd, attr, at, task));
  opened.push_back({std::move(*fd), event});
  DTP_CHECK(set_filter(opened.back()));
  DTP_CHECK(open_twin_of_filtered(event, attr, cpus[at], task));
  return std::optional(id);
}

// The dummy first. Of a hit that several events are of, the kernel tells first who was opened last: a trigger is to be
// told after the ring has the hit; of a pair's two events the end of one comes before the beginning of the next.
std::vector<std::size_t> Capture::State::order_of_opening() const {
  std::vector<std::size_t> order{events.size() - 1};
  for (const bool triggers : {true, false})
    for (std::size_t i = 0; i < asked.size(); ++i)
      if (asked[i].is_trigger == triggers) order.push_back(i);
  return order;
}

// The events of one task on one cpu. False when the task is gone. The first cpu's dummies are polled for the end of
// their tasks, and the first descriptor of each cpu for its ring. Edge-triggered: the owner of a ring may have ended
// long before the others.
Result<bool> Capture::State::open_task(std::size_t at, std::size_t task) {
  for (const std::size_t index : order_of_opening()) {
    OpenedEvent& event = events[index];
    if (is_of_instance(event)) {
      // What has a profile is counted there. Of a uprobe that is the only way: it is perf's or tracefs', never both.
      const bool has_perf_event = index < asked.size() && !asked[index].pairing;
      if (has_perf_event && !profiles_before[index].is_known)
        DTP_CHECK(open_twin_of_filtered(index, event.attr, cpus[at], tasks[task]));
      continue;
    }
    const bool is_owner = ring_owners[at].forward < 0;
    DTP_TRY(const auto id, open_event(event.attr, index, at, tasks[task]));
    if (!id) return false;
    const bool tells_end = index == events.size() - 1 && at == 0;
    if (is_owner || tells_end)
      DTP_CHECK(watch(opened.back().fd.get(), EPOLLIN | EPOLLET, tells_end ? task : ring_token));
    event.ids.push_back(*id);
  }
  return true;
}

Result<void> Capture::State::open_all() {
  is_task_alive.assign(tasks.size(), true);
  ring_owners.resize(cpus.size());
  raise_descriptor_limit(tasks.size() * cpus.size() * events.size() + 64);
  for (std::size_t at = 0; at < cpus.size(); ++at) {
    for (std::size_t task = 0; task < tasks.size(); ++task) {
      DTP_TRY(const bool is_there, open_task(at, task));
      if (!is_there) is_task_alive[task] = false;
    }
    if (ring_owners[at].forward < 0) return fail({.what = "the processes to record have ended"});
  }
  return {};
}

// Neither a guard nor an anchor is worth failing for: without them much is recorded still.
void Capture::State::open_guards() {
  if (tasks.front() == every_task) return;
  for (const pid_t task : tasks) {
    if (auto fd = open_perf_event(dummy_attr(0), task, -1)) guards.push_back(std::move(*fd));
  }
}

void Capture::State::open_anchors() {
  if (has_anchors || tasks.front() == every_task) return;
  const std::lock_guard lock(governing);
  has_anchors = true;
  const auto dynamic = list_events(tracefs);
  for (std::size_t i = 0; dynamic && i < asked.size(); ++i) {
    const auto event = find_event(*dynamic, asked[i].name);
    is_anchored.push_back(event && event->kind == ProbeKind::uprobe);
    if (!windows[i].is_off) open_anchor(i);
  }
}

void Capture::State::open_anchor(std::size_t event) {
  if (event >= is_anchored.size() || !is_anchored[event]) return;
  if (auto fd =
          open_perf_event(tracepoint_attr(events[event].attr.config, 0), every_task, static_cast<int>(cpus.front())))
    anchors.push_back({std::move(*fd), event});
}

Result<void> Capture::State::watch(int fd, std::uint32_t events_wanted, std::uint64_t token) const {
  epoll_event wanted = {};
  wanted.events = events_wanted;
  wanted.data.u64 = token;
  if (::epoll_ctl(poller.get(), EPOLL_CTL_ADD, fd, &wanted) != 0)
    return fail(base::system_error("cannot poll", "events", errno));
  return {};
}

Result<void> Capture::State::prepare_poll() {
  poller = base::Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!poller) return fail(base::system_error("cannot poll", "events", errno));
  DTP_CHECK(watch(signals.fd(), EPOLLIN, signal_token));
  if (child) DTP_CHECK(watch(child->pidfd(), EPOLLIN, child_token));
  // Not edge-triggered: a ring that is half full again when it is looked at would never be told of any more.
  for (std::size_t i = 0; instance && i < cpus.size(); ++i) DTP_CHECK(watch(instance->pipe(i), EPOLLIN, ring_token));
  return {};
}

std::vector<EventName> Capture::State::names() const {
  std::vector<EventName> all;
  for (const CaptureEvent& event : asked) all.push_back(event.name);
  return all;
}

void Capture::State::control_all(unsigned long request) const {
  for (const Opened& one : opened) (void)::ioctl(one.fd.get(), request, 0);
}

void Capture::State::disarm() {
  const std::lock_guard lock(governing);
  if (!profiles_after.empty()) return;
  disarmed = Clock::now();
  control_all(PERF_EVENT_IOC_DISABLE);
  if (instance) instance->disable();
  profiles_after = read_profiles(tracefs, names());
}

Result<void> Capture::State::start() {
  profiles_before = read_profiles(tracefs, names());
  if (!starts_by_exec) control_all(PERF_EVENT_IOC_ENABLE);
  if (instance) DTP_CHECK(instance->enable());
  armed = Clock::now();
  if (child) DTP_CHECK(child->release());
  return {};
}

// With a command the end is the command's end: it is asked to come to it. Asked twice, it has no choice.
void Capture::State::ask_to_end(Ended reason) {
  if (child && !is_command_gone) child->signal(why ? SIGKILL : SIGTERM);
  if (!why) why = reason;
}

void Capture::State::handle(std::uint64_t token, std::uint32_t epoll_events) {
  if (token == signal_token) {
    while (const auto signal = signals.take()) {
      if (*signal == SIGUSR2)
        is_requested = true;
      else
        ask_to_end(Ended::signal);
    }
  } else if (token == child_token) {
    is_command_gone = true;
  } else if (token != ring_token && (epoll_events & EPOLLHUP) != 0) {
    is_task_alive[token] = false;  // and so are all that it started
  }
}

Result<void> Capture::State::drain(const Sink& sink) {
  for (std::size_t i = 0; i < rings.size(); ++i) {
    const auto take = [&](std::span<const std::byte> records) {
      if (instance) processes.watch(records);
      if (governor) watch_tasks(records);
      return sink.records(with_first_ids(records), cpus[i]);
    };
    DTP_TRY(const std::size_t drained, rings[i].drain(take));
    bytes += drained;
    if (rings[i].has_seen_new_process()) open_anchors();
  }
  for (std::size_t i = 0; instance && i < cpus.size(); ++i) {
    const auto take = [&](const MadeSamples& made) {
      return sink.samples ? sink.samples(made) : sink.records(made.bytes, cpus[i]);
    };
    DTP_TRY(const std::size_t drained, instance->drain(i, processes, take));
    bytes += drained;
  }
  processes.end_round();
  return sink.round ? sink.round() : Result<void>{};
}

// What the flight recorder holds.
Result<void> Capture::State::dump(const Sink& sink) {
  for (std::size_t i = 0; i < flights.size(); ++i) {
    const auto take = [&](std::span<const std::byte> record) { return sink.records(with_first_ids(record), cpus[i]); };
    DTP_TRY(const std::size_t dumped, flights[i].dump(take));
    bytes += dumped;
  }
  return {};
}

Result<void> Capture::State::poll(const Sink& sink, Clock::time_point begin) {
  const auto end = begin + std::chrono::milliseconds(options.duration_ms);
  std::array<epoll_event, 64> ready{};
  for (;;) {
    auto wait = std::chrono::milliseconds(options.poll_ms);
    if (options.duration_ms > 0 && !why) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
      wait = std::clamp(left, std::chrono::milliseconds(0), wait);
    }
    const int count =
        ::epoll_wait(poller.get(), ready.data(), static_cast<int>(ready.size()), static_cast<int>(wait.count()));
    if (count < 0 && errno != EINTR) return fail(base::system_error("cannot poll", "events", errno));
    for (int i = 0; i < count; ++i)
      handle(ready[static_cast<std::size_t>(i)].data.u64, ready[static_cast<std::size_t>(i)].events);
    DTP_CHECK(drain(sink));
    if (governor) DTP_CHECK(note_governed());
    if (std::exchange(is_requested, false) && sink.requested) {
      DTP_CHECK(dump(sink));
      DTP_CHECK(sink.requested());
    }
    if (options.duration_ms > 0 && !why && Clock::now() >= end) ask_to_end(Ended::duration);
    if (!why && child && is_command_gone) why = Ended::command_exited;
    if (!why && !child && are_tasks_gone()) why = Ended::targets_gone;
    if (why && (!child || is_command_gone)) return {};
  }
}

// PERF_FORMAT_LOST is exact, and tells the samples from the dummy's records. PERF_RECORD_LOST counts both, and
// only once a later record found room.
void Capture::State::add_count(const Opened& one, Counted& counted) const {
  struct {
    std::uint64_t value, id, lost;
  } read = {};
  if (::read(one.fd.get(), &read, sizeof read) < 0) return;
  if (!one.counts_all) counted.ring_full += read.lost;
  if (is_weighed(asked[one.event].name) || asked[one.event].hz != 0) return;  // counts time, not hits
  if (one.counts_all || asked[one.event].filter.empty()) counted.reached += read.value;
  if (one.counts_all) return;
  counted.counts_passed = true;
  counted.passed += read.value;
}

std::vector<Counted> Capture::State::count() const {
  std::vector<Counted> all = closed;
  for (const Opened& one : opened)
    if (one.event < all.size()) add_count(one, all[one.event]);
  if ((events.front().attr.read_format & PERF_FORMAT_LOST) == 0 && !all.empty())
    for (const Ring& ring : rings) all.front().ring_full += ring.lost();
  const std::vector<Profile> now = profiles_after.empty() ? read_profiles(tracefs, names()) : profiles_after;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].profile = now[i] - profiles_before[i];
    const bool is_filtered = is_of_instance(events[i]) && !asked[i].filter.empty();
    if (is_filtered && all[i].profile.is_known) all[i].reached = all[i].profile.hits;
    add_windows(i, all[i]);
  }
  // The instance's rings count for all of its events together.
  const auto of_instance =
      std::ranges::find_if(events, [&](const OpenedEvent& event) { return is_of_instance(event); });
  if (instance && of_instance != events.end()) {
    Counted& first = all[static_cast<std::size_t>(of_instance - events.begin())];
    first.ring_full += instance->lost();
    first.dropped += instance->dropped();
  }
  return all;
}

void Capture::State::end_child() {
  if (!child || is_command_gone) return;
  child->end();
  is_command_gone = true;
}

Capture::Capture(std::unique_ptr<State> state) : state_(std::move(state)) {}
Capture::Capture(Capture&&) noexcept = default;
Capture::~Capture() = default;

Result<Capture> Capture::open(TraceFs& tracefs, const std::vector<CaptureEvent>& events, const Target& target,
                              const CaptureOptions& options, StopSignals& signals) {
  auto state = std::make_unique<State>(tracefs, signals);
  state->options = options;
  state->asked = events;
  DTP_TRY(state->cpus, choose_cpus(target));
  if (!target.command.empty()) {
    DTP_TRY(Child child, Child::fork_held(target.command, signals.before()));
    state->child.emplace(std::move(child));
  }
  DTP_TRY(state->tasks, choose_tasks(target, state->child ? state->child->pid() : 0));
  if (!target.cgroup.empty()) {
    DTP_TRY(state->cgroup, base::open_file(target.cgroup, O_RDONLY | O_DIRECTORY));
  }
  state->starts_by_exec = state->child && state->tasks.front() == state->child->pid();
  state->ring_bytes = choose_ring_bytes(options.ring_bytes, state->cpus.size());
  DTP_CHECK(state->prepare_events());
  DTP_CHECK(state->prepare_instance());
  state->prepare_governor();
  DTP_CHECK(state->prepare_poll());
  DTP_CHECK(state->open_all());
  state->open_guards();
  if (state->starts_by_exec) state->open_anchors();
  return Capture(std::move(state));
}

const std::vector<OpenedEvent>& Capture::events() const { return state_->events; }

std::vector<Counted> Capture::counted() const {
  const std::lock_guard lock(state_->governing);
  return state_->count();
}

pid_t Capture::command_pid() const { return state_->child ? state_->child->pid() : 0; }

void Capture::request() { state_->is_requested = true; }

void Capture::stop_full() {
  if (state_->why) return;
  state_->disarm();
  state_->ask_to_end(Ended::full);
}

Result<Ending> Capture::run(const Sink& sink) {
  State& state = *state_;
  const Urgent urgent;  // who reads the rings too late loses what they could not hold
  const auto begin = State::Clock::now();
  Result<void> result = state.start();
  std::jthread hand;
  if (result && state.governor) hand = std::jthread([&](const std::stop_token& stop) { state.govern(stop, sink); });
  if (result) result = state.poll(sink, begin);
  hand = {};
  state.disarm();
  const std::chrono::duration<double> length = State::Clock::now() - begin;
  if (result) result = state.drain(sink);
  if (result) result = state.dump(sink);
  state.end_child();
  if (!result) return std::unexpected(std::move(result.error()));
  Ending ending{.why = *state.why, .bytes = state.bytes, .seconds = length.count()};
  if (state.child) ending.command_status = state.child->reap();
  for (const Counted& counted : state.count()) {
    ending.losses.ring += counted.ring_full;
    ending.losses.missed += counted.profile.missed;
    ending.losses.dropped += counted.dropped;
  }
  return ending;
}

}  // namespace dtp::kernel
