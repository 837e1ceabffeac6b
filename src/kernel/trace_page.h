// A page of tracefs' own ring, as trace_pipe_raw gives it (events/header_page and header_event describe it):
//
//   u64 time        of the first event
//   u64 committed   bytes of events that follow, in the low 20 bits; above bit 29: events before this page are missing
//   event...        u32: length or kind in the low 5 bits, nanoseconds since the last event in the others
//
//   1..28  an event of so many u32        29  padding; to the end of the page when its delta is 0
//   0      its length stands in a u32     30  the delta goes on in a u32: 27 bits are 134 ms
//                                         31  the same, but a time of its own; the 5 bits above 59 are the page's
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace dtp::kernel {

// The event's bytes begin with struct trace_entry: u16 type, u8 flags, u8 preempt_count, s32 pid (of the thread).
using TakeEvent = std::function<void(std::uint64_t time_ns, std::span<const std::byte> event)>;

// Hands over the events of one page in their order. What does not fit the page ends the walk.
void walk_trace_page(std::span<const std::byte> page, const TakeEvent& take);

}  // namespace dtp::kernel
