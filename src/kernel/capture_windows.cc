// The hand of the governor: events are switched off and on while the others go on.
//
// Tracefs' events are disabled and enabled. Perf's are closed and opened again: one that is only disabled keeps its
// probe in place, and a hit costs the program 9.9 us as before. What is opened again has new identifiers, which are
// made the old ones in its records, and is opened for each of the tasks that are alive then, which FORK and EXIT
// records tell: closing a task's event closes what its children inherited. A task that is started while its parent's
// event is being opened may be missed in that window.
#include <linux/perf_event.h>
#include <sys/ioctl.h>

#include <condition_variable>
#include <cstring>

#include "kernel/capture_state.h"
#include "kernel/hit_cost.h"
#include "kernel/perf_records.h"
#include "kernel/urgent.h"

namespace dtp::kernel {
namespace {

// Looking takes at most this part of the time.
constexpr int looking_part = 20;
// Identifiers of past windows whose records a flight recorder may still hold.
constexpr std::size_t most_aliases = 65536;

std::uint64_t load_u64(const std::byte* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

void Capture::State::prepare_governor() {
  windows.resize(asked.size());
  closed.resize(asked.size());
  taken.resize(asked.size());
  if (options.budget <= 0) return;
  const double factor = slowness();
  GovernorOptions wanted{.budget = options.budget, .cpus = cpus.size()};
  for (std::size_t i = 0; i < asked.size(); ++i) {
    asked[i].hit_cost *= factor;
    if (!is_of_instance(events[i])) asked[i].hit_cost += factor * cost_of_perf(options.stacks);
    // It ticks as often as it was asked to; what pairs are made of is hit anyway.
    if (asked[i].hz != 0 || asked[i].pairing) asked[i].hit_cost = CpuSeconds(0);
    wanted.hit_cost.push_back(asked[i].hit_cost);
  }
  governor.emplace(std::move(wanted));
  if (tasks.front() != every_task) live.insert(tasks.begin(), tasks.end());
}

void Capture::State::watch_tasks(std::span<const std::byte> records) {
  if (tasks.front() == every_task) return;
  const std::lock_guard lock(governing);
  // struct { header; u32 pid, ppid; u32 tid, ptid; ... }
  constexpr std::size_t tid_offset = sizeof(perf_event_header) + 8;
  for (auto record = take_record(records); !record.empty(); record = take_record(records)) {
    const auto type = header_of(record).type;
    if ((type != PERF_RECORD_FORK && type != PERF_RECORD_EXIT) || record.size() < tid_offset + sizeof(pid_t)) continue;
    pid_t tid = 0;
    std::memcpy(&tid, record.data() + tid_offset, sizeof tid);
    if (type == PERF_RECORD_FORK)
      live.insert(tid);
    else
      live.erase(tid);
  }
}

// The identifier is the first field of a sample and the last of any other record.
std::span<const std::byte> Capture::State::with_first_ids(std::span<const std::byte> records) {
  if (!governor) return records;
  const std::lock_guard lock(governing);
  if (aliases.empty()) return records;
  renamed.assign(records.begin(), records.end());
  for (auto record = take_record(records); !record.empty(); record = take_record(records)) {
    const bool is_sample = header_of(record).type == PERF_RECORD_SAMPLE;
    const std::size_t offset = is_sample ? sizeof(perf_event_header) : record.size() - sizeof(std::uint64_t);
    if (record.size() < sizeof(perf_event_header) + sizeof(std::uint64_t)) continue;
    const auto alias = aliases.find(load_u64(record.data() + offset));
    if (alias == aliases.end()) continue;
    const std::size_t at = renamed.size() - records.size() - record.size() + offset;
    std::memcpy(renamed.data() + at, &alias->second, sizeof alias->second);
  }
  return renamed;
}

// After each round of emptying the rings.
Result<void> Capture::State::note_governed() {
  const std::lock_guard lock(governing);
  for (std::size_t i = 0; instance && i < taken.size(); ++i)
    if (is_of_instance(events[i])) taken[i] = instance->taken(events[i].ids.front());
  return failure ? Result<void>(std::unexpected(*failure)) : Result<void>{};
}

// A profile counts all that a probe costs, also what others use it for and what is not watched. What the instance's
// rings lost is of all its events: it is taken for hits of the one that is hit most.
std::vector<std::uint64_t> Capture::State::hits() const {
  std::vector<std::uint64_t> all;
  std::uint64_t* most = nullptr;
  const std::vector<Counted> counts = count();
  all.reserve(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const Profile& profile = counts[i].profile;
    all.push_back(profile.is_known ? profile.hits : std::max(counts[i].reached, taken[i]));
    if (!profile.is_known && is_of_instance(events[i]) && (most == nullptr || all[i] > *most)) most = &all[i];
  }
  if (most != nullptr) *most += instance->lost();
  return all;
}

void Capture::State::govern(const std::stop_token& stop, const Sink& sink) {
  const Urgent urgent;
  std::condition_variable_any never;
  std::unique_lock lock(governing);
  Clock::duration wait = std::chrono::duration_cast<Clock::duration>(governor->next_look());
  for (;;) {
    never.wait_for(lock, stop, wait, [] { return false; });
    if (stop.stop_requested() || !profiles_after.empty()) return;
    const auto begin = Clock::now();
    const auto steps = governor->look(begin - armed, hits());
    const auto took = Clock::now() - begin;
    for (const Governor::Step& step : steps) {
      auto done = take_step(step, sink);
      if (!done) failure = std::move(done.error());
      if (failure) return;
    }
    wait = std::max(std::chrono::duration_cast<Clock::duration>(governor->next_look()), took * looking_part);
  }
}

// The first time, and when it is the last, it is told.
Result<void> Capture::State::take_step(const Governor::Step& step, const Sink& sink) {
  if (step.to == Governor::Watching::on) return switch_on(step.event);
  const bool is_over = step.to == Governor::Watching::ended;
  if (!is_over) switch_off(step.event);
  if ((!std::exchange(windows[step.event].was_told, true) || is_over) && sink.overspent)
    sink.overspent({step.event, step.hits_per_second, asked[step.event].hit_cost, step.share, is_over});
  return {};
}

void Capture::State::switch_off(std::size_t event) {
  windows[event].is_off = true;
  windows[event].since = Clock::now();
  if (is_of_instance(events[event])) instance->set_enabled(events[event].ids.front(), false);
  close_event(event);
}

Result<void> Capture::State::switch_on(std::size_t event) {
  if (is_of_instance(events[event])) instance->set_enabled(events[event].ids.front(), true);
  DTP_CHECK(open_again(event));
  windows[event].is_off = false;
  windows[event].off_for += Clock::now() - windows[event].since;
  return {};
}

void Capture::State::close_event(std::size_t event) {
  for (const Opened& one : opened)
    if (one.event == event) (void)::ioctl(one.fd.get(), PERF_EVENT_IOC_DISABLE, 0);
  for (const Opened& one : opened)
    if (one.event == event) add_count(one, closed[event]);
  std::erase_if(anchors, [&](const Opened& one) { return one.event == event; });
  std::erase_if(opened, [&](const Opened& one) { return one.event == event; });
}

Result<void> Capture::State::open_again(std::size_t event) {
  perf_event_attr attr = events[event].attr;
  attr.enable_on_exec = 0;
  raise_descriptor_limit(live.size() * cpus.size() * events.size() + 64);
  const std::size_t first = opened.size();
  const std::vector<pid_t> now(live.begin(), live.end());
  open_anchor(event);
  for (std::size_t at = 0; at < cpus.size(); ++at) {
    for (const pid_t task : tasks.front() == every_task ? tasks : now) {
      if (is_of_instance(events[event])) {
        if (!profiles_before[event].is_known) DTP_CHECK(open_twin_of_filtered(event, attr, cpus[at], task));
        continue;
      }
      DTP_TRY(const auto id, open_event(attr, event, at, task));
      if (id) aliases[*id] = events[event].ids.front();
    }
  }
  while (aliases.size() > std::max(most_aliases, opened.size())) aliases.erase(aliases.begin());
  for (std::size_t i = first; i < opened.size(); ++i) (void)::ioctl(opened[i].fd.get(), PERF_EVENT_IOC_ENABLE, 0);
  return {};
}

void Capture::State::add_windows(std::size_t event, Counted& counted) const {
  if (armed == Clock::time_point()) return;
  const auto end = disarmed == Clock::time_point() ? Clock::now() : disarmed;
  const auto in_ms = [](Clock::duration time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
  };
  Clock::duration off = windows[event].off_for;
  if (windows[event].is_off) off += end - windows[event].since;
  counted.whole_ms = in_ms(end - armed);
  counted.watched_ms = counted.whole_ms - std::min(counted.whole_ms, in_ms(off));
}

}  // namespace dtp::kernel
