// Hits that the kernel counts but could not record: the last column of kprobe_profile.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/events.h"

namespace dtp::kernel {

// The misses of these events so far. kprobe_profile has no groups, but its lines stand in the order of
// kprobe_events; 0 where the two do not agree. uprobe_profile counts no misses.
std::uint64_t sum_missed(std::string_view kprobe_events, std::string_view kprobe_profile,
                         std::span<const EventName> events);
std::uint64_t read_missed(TraceFs& tracefs, std::span<const EventName> events);

}  // namespace dtp::kernel
