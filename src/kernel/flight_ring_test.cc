#include "kernel/flight_ring.h"

#include <doctest/doctest.h>
#include <linux/perf_event.h>

#include <array>
#include <cstring>

namespace dtp::kernel {
namespace {

using Offsets = std::vector<std::size_t>;

struct Filled {
  std::array<std::byte, 64> ring{};
  void put(std::size_t offset, std::uint16_t size) {
    const perf_event_header header{.type = PERF_RECORD_SAMPLE, .misc = 0, .size = size};
    std::memcpy(ring.data() + offset, &header, sizeof header);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Filled, "a ring that is written backwards") {
  const std::uint64_t start = 0;
  CHECK(find_records(ring, start, start).empty());

  // The first record goes below 0, to the ring's end; the next in front of it.
  put(40, 24);
  CHECK(find_records(ring, start - 24, start) == Offsets{40});
  put(24, 16);
  CHECK(find_records(ring, start - 40, start) == Offsets{24, 40});
  // A second look: only what is new.
  CHECK(find_records(ring, start - 40, start - 24) == Offsets{24});

  // Once round: the record at 48 goes over the ring's end, and of the one at 40 only a piece is left.
  put(0, 24);
  put(48, 16);
  CHECK(find_records(ring, start - 64 - 16, start) == Offsets{48, 0, 24});
}

TEST_CASE_FIXTURE(Filled, "what cannot be a record ends the walk") {
  put(0, 7);
  CHECK(find_records(ring, 0, 64).empty());
  put(0, 12);
  CHECK(find_records(ring, 0, 64).empty());
  put(0, 16);
  put(16, 56);
  CHECK(find_records(ring, 0, 64) == Offsets{0});
}

}  // namespace dtp::kernel
