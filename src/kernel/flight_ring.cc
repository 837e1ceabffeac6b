#include "kernel/flight_ring.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ranges>
#include <string>
#include <utility>

namespace dtp::kernel {
namespace {

// Records and the ring are multiples of 8 bytes: a header is never torn.
std::size_t size_at(std::span<const std::byte> ring, std::size_t offset) {
  perf_event_header header = {};
  std::memcpy(&header, ring.data() + offset, sizeof header);
  return header.size;
}

}  // namespace

std::vector<std::size_t> find_records(std::span<const std::byte> ring, std::uint64_t head, std::uint64_t end) {
  std::vector<std::size_t> offsets;
  const std::size_t most = std::min<std::uint64_t>(end - head, ring.size());
  for (std::size_t walked = 0; most - walked >= sizeof(perf_event_header);) {
    const std::size_t offset = (head + walked) & (ring.size() - 1);
    const std::size_t size = size_at(ring, offset);
    if (size < sizeof(perf_event_header) || size % 8 != 0 || size > most - walked) break;
    offsets.push_back(offset);
    walked += size;
  }
  return offsets;
}

Result<FlightRing> FlightRing::map(int perf_fd, std::size_t bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  // What cannot be written to is not told how far it was read: the kernel does not wait for us.
  void* memory = ::mmap(nullptr, page + bytes, PROT_READ, MAP_SHARED, perf_fd, 0);
  if (memory == MAP_FAILED) {
    Error error = base::system_error("cannot map", "a ring of " + std::to_string(bytes / 1024) + " KiB", errno);
    error.hint = "ask for a smaller ring";
    return fail(std::move(error));
  }
  return FlightRing(perf_fd, base::Mapping(memory, page + bytes), page);
}

Result<std::size_t> FlightRing::hand_over(const Take& take) {
  const std::span<const std::byte> ring = mapping_.bytes().subspan(page_bytes_);
  auto* const control = reinterpret_cast<perf_event_mmap_page*>(const_cast<std::byte*>(mapping_.bytes().data()));
  const std::uint64_t head = std::atomic_ref(control->data_head).load(std::memory_order_acquire);
  std::vector<std::byte> joined;
  std::size_t bytes = 0;
  const std::vector<std::size_t> offsets = find_records(ring, head, std::exchange(end_, head));
  for (const std::size_t offset : std::views::reverse(offsets)) {
    const std::size_t size = size_at(ring, offset);
    const std::size_t first = std::min(size, ring.size() - offset);
    joined.assign(ring.begin() + static_cast<std::ptrdiff_t>(offset),
                  ring.begin() + static_cast<std::ptrdiff_t>(offset + first));
    joined.insert(joined.end(), ring.begin(), ring.begin() + static_cast<std::ptrdiff_t>(size - first));
    DTP_CHECK(take(joined));
    bytes += size;
  }
  return bytes;
}

Result<std::size_t> FlightRing::dump(const Take& take) {
  if (::ioctl(perf_fd_, PERF_EVENT_IOC_PAUSE_OUTPUT, 1) != 0)
    return fail(base::system_error("cannot stop", "a ring", errno));
  auto bytes = hand_over(take);
  (void)::ioctl(perf_fd_, PERF_EVENT_IOC_PAUSE_OUTPUT, 0);
  return bytes;
}

}  // namespace dtp::kernel
