// Events that live as long as a process of ours.
//
// They stand in a group that names their owner, "dtp_<pid>_<start>", where <start> is the start time of the
// process (proc(5), field 22 of stat) in base 36: a process that got the same number later has another one.
// So anybody can see that an owner is gone and remove what it left. An owner in another pid namespace
// looks dead from here; its events are in use then, and the kernel refuses to remove those.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/events.h"

namespace dtp::kernel {

struct Owner {
  pid_t pid = 0;
  std::uint64_t start = 0;  // clock ticks since boot
  bool operator==(const Owner&) const = default;
};

std::string group_of(const Owner& owner);
// None for any group that is not ours.
std::optional<Owner> owner_of(std::string_view group);
Result<Owner> this_process();
bool is_alive(const Owner& owner);

// The events of one `trace`: created together, gone with the object. Close every capture of them before.
class OwnedEvents {
 public:
  // The lines must name the group of this process, or that of a lease.
  static std::expected<OwnedEvents, Refusal> create(TraceFs& tracefs, std::span<const std::string> lines);
  OwnedEvents(OwnedEvents&& other) noexcept;
  OwnedEvents& operator=(OwnedEvents&&) = delete;
  OwnedEvents(const OwnedEvents&) = delete;
  OwnedEvents& operator=(const OwnedEvents&) = delete;
  ~OwnedEvents();  // removes; an error has nowhere to go here

  const std::vector<Event>& events() const { return events_; }
  // One more member of the first of them, which is shared: it goes with the others.
  std::expected<void, Refusal> add_member(std::span<const std::string> lines);
  // They outlive this process: from here on they are a lease's (lease.h), which they are named after.
  void keep() { events_.clear(); }
  // Removes them now. An event somebody else uses as well is waited for, a second at most.
  Result<void> remove();

 private:
  OwnedEvents(TraceFs& tracefs, std::vector<Event> events) : tracefs_(&tracefs), events_(std::move(events)) {}
  TraceFs* tracefs_;
  std::vector<Event> events_;
};

// Removes the events of owners that are dead, and gives their names; what is still in use stays. What a lease
// (lease.h) kept that has ended goes, too.
Result<std::vector<EventName>> remove_stale(TraceFs& tracefs);

}  // namespace dtp::kernel
