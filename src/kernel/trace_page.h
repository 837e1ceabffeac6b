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

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace dtp::kernel {

namespace trace_page {

constexpr std::size_t header_bytes = 16;
constexpr std::uint64_t length_mask = (1U << 20) - 1;
constexpr unsigned length_bits = 5;
constexpr unsigned delta_bits = 27;
constexpr std::uint64_t absolute_bits = (std::uint64_t{1} << 59) - 1;

constexpr unsigned long_event = 0;
constexpr unsigned longest_short_event = 28;
constexpr unsigned padding = 29;
constexpr unsigned time_extend = 30;

template <class T>
T load(std::span<const std::byte> bytes, std::size_t at) {
  T number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

}  // namespace trace_page

// Calls take(u64 time_ns, span event) for the events of one page in their order; an event begins with struct
// trace_entry: u16 type, u8 flags, u8 preempt_count, s32 pid (of the thread). What does not fit the page ends the walk.
template <class Take>
void walk_trace_page(std::span<const std::byte> page, Take&& take) {
  using namespace trace_page;
  if (page.size() < header_bytes) return;
  std::uint64_t time = load<std::uint64_t>(page, 0);
  const std::uint64_t committed = load<std::uint64_t>(page, 8) & length_mask;
  page = page.subspan(header_bytes, std::min<std::size_t>(committed, page.size() - header_bytes));
  for (std::size_t at = 0; page.size() - at >= 4;) {
    const auto head = load<std::uint32_t>(page, at);
    const unsigned kind = head & ((1U << length_bits) - 1);
    const std::uint64_t delta = head >> length_bits;
    at += 4;
    if (kind >= 1 && kind <= longest_short_event) {
      const std::size_t length = kind * 4;
      if (length > page.size() - at) return;
      time += delta;
      take(time, page.subspan(at, length));
      at += length;
      continue;
    }
    if (page.size() - at < 4) return;
    const auto next = load<std::uint32_t>(page, at);
    if (kind == time_extend) {
      time += delta + (std::uint64_t{next} << delta_bits);
      at += 4;
    } else if (kind > time_extend) {
      time = (time & ~absolute_bits) | ((delta + (std::uint64_t{next} << delta_bits)) & absolute_bits);
      at += 4;
    } else {
      // The length counts itself.
      if ((kind == padding && delta == 0) || next < 4 || next > page.size() - at) return;
      time += delta;
      if (kind == long_event) take(time, page.subspan(at + 4, next - 4));
      at += next;
    }
  }
}

}  // namespace dtp::kernel
