// Dynamic events: probes as the kernel lists, takes and removes them.
#pragma once

#include <compare>
#include <cstddef>
#include <expected>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dtracepp/error.h"
#include "kernel/tracefs.h"

namespace dtp::kernel {

struct EventName {
  std::string group = {};
  std::string event = {};
  auto operator<=>(const EventName&) const = default;
};
inline std::string spell(const EventName& name) { return name.group + ":" + name.event; }

// eprobe: an event probe, which fetches from what a tracepoint recorded. It writes into tracefs' rings only.
// fprobe: at the entry or the return of a function that ftrace can watch.
// tprobe: the arguments of a tracepoint.
enum class ProbeKind { kprobe, uprobe, eprobe, fprobe, tprobe };
std::string_view name_of(ProbeKind kind);  // "kprobe"

// An event and all the lines it is made of, as the kernel lists them: one a probe point.
struct Event {
  ProbeKind kind = ProbeKind::kprobe;
  EventName name = {};
  std::vector<std::string> lines = {};
  bool operator==(const Event&) const = default;
};

// Why the kernel did not take a line.
struct Refusal {
  int error_number = 0;
  std::size_t index = 0;     // of the line in the request
  std::string line = {};     // as written
  std::string message = {};  // the kernel's own, from error_log; empty: it left none
  std::size_t column = 0;    // into `line`; meaningful with a message only
  bool operator==(const Refusal&) const = default;
};

// The refusal for people who know only the line: commands that know the user's text show that instead.
Error to_error(const Refusal& refusal);
// What to do about it; empty: the message says all. Needs the line, since the same errno means different things.
std::string hint_for(const Refusal& refusal);

// The kernel lets no probe be at the place, and finds nothing else wrong with the line.
bool is_about_place(const Refusal& refusal);

// Every event of these kinds, each kind in the kernel's order. A kernel without one of the kinds has none of them.
Result<std::vector<Event>> list_events(TraceFs& tracefs);
// Its records are in tracefs' rings only.
bool is_event_probe(TraceFs& tracefs, const EventName& name);
// The event of this name among them.
std::optional<Event> find_event(std::span<const Event> events, const EventName& name);
// "p:probe/vfs_read vfs_read+0" names probe/vfs_read; none: not a line of that form.
std::optional<EventName> name_of_line(std::string_view line);
// The events that definitions make, in order: lines of one name are one event.
std::vector<Event> events_of(std::span<const std::string> lines);

// The first line of a kind that this kernel does not have. Nothing is written.
std::optional<Refusal> find_missing_kind(TraceFs& tracefs, std::span<const std::string> lines);

// Adds the lines of one request: all of them, or none when one is refused. A name that exists already is
// refused too (EEXIST): the kernel would silently add our probe to somebody else's event.
std::expected<void, Refusal> add_events(TraceFs& tracefs, std::span<const std::string> lines);

// Adds the lines of one more member to an event of ours that is shared (probe/shared.h): all of them, or none.
std::expected<void, Refusal> add_member(TraceFs& tracefs, std::span<const std::string> lines);
// Removes the probes of some of its members. One in use is an error (EBUSY).
Io<void> remove_probes(TraceFs& tracefs, const Event& listed, const std::set<unsigned>& members);

// Removes an event. One in use is an error (EBUSY).
Io<void> remove_event(TraceFs& tracefs, const Event& event);
// The same as an Error that names the event and says who may hold it.
Error removal_error(const EventName& name, int error_number);

// `name`, or with `force` the first of name_1 .. name_1023 that is free (as perf counts). `members` are names that
// tracefs does not know.
Result<EventName> free_name(TraceFs& tracefs, const EventName& name, bool force,
                            const std::set<EventName>& members = {});

// Shell globs over "GROUP:EVENT"; without a colon over the event alone.
bool matches(const EventName& name, const std::string& pattern);

// The kernel did not take this filter of a recorded event.
Error refused_filter(TraceFs& tracefs, const EventName& name, const std::string& filter, int error_number);

}  // namespace dtp::kernel
