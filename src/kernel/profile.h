// What the kernel counts of each probe, whoever uses it: kprobe_profile and uprobe_profile.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "kernel/events.h"

namespace dtp::kernel {

struct ProbeHits {
  std::uint64_t hits = 0;
  std::uint64_t missed = 0;
  bool operator==(const ProbeHits&) const = default;
};

// Of all probes of an event, so far.
struct Profile {
  bool is_known = false;  // no profile: a tracepoint, and event probes and function probes
  bool is_return = false;
  std::uint64_t hits = 0;    // the missed ones not among them
  std::uint64_t missed = 0;  // hits during the handling of another, and returns for which no memory was kept
  std::map<unsigned, ProbeHits> members = {};  // of a shared event, by their numbers
  bool operator==(const Profile&) const = default;
};
// What was counted since `before`.
Profile operator-(Profile now, const Profile& before);

// Adds what the lines of a profile say of the events. They have no groups, but stand in the order of the definitions;
// where the two do not agree nothing is known. uprobe_profile counts no misses.
void add_profile(std::string_view definitions, std::string_view profile, std::span<const EventName> events,
                 std::vector<Profile>& profiles);

// One for each event.
std::vector<Profile> read_profiles(TraceFs& tracefs, std::span<const EventName> events);

}  // namespace dtp::kernel
