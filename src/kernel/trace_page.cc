#include "kernel/trace_page.h"

#include <algorithm>
#include <cstring>

namespace dtp::kernel {
namespace {

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

}  // namespace

void walk_trace_page(std::span<const std::byte> page, const TakeEvent& take) {
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
