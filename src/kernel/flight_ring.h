// A ring that the kernel writes backwards and over its own oldest records (write_backward of perf_event_open(2)): it
// holds the newest, and nobody needs to read it until they are wanted. Records stand one behind the other from the head
// on, the newest first; the last may be half overwritten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/file.h"
#include "dtracepp/error.h"

namespace dtp::kernel {

// Offsets of the whole records, newest first: from `head` up to `end`, the head of the last look, or once round.
std::vector<std::size_t> find_records(std::span<const std::byte> ring, std::uint64_t head, std::uint64_t end);

class FlightRing {
 public:
  using Take = std::function<Result<void>(std::span<const std::byte> record)>;

  static Result<FlightRing> map(int perf_fd, std::size_t bytes);

  // Hands over the records that no earlier look gave, the oldest first. The kernel drops what comes meanwhile, and
  // counts it. Gives the number of bytes.
  Result<std::size_t> dump(const Take& take);

 private:
  FlightRing(int perf_fd, base::Mapping mapping, std::size_t page_bytes)
      : perf_fd_(perf_fd), mapping_(std::move(mapping)), page_bytes_(page_bytes) {}
  Result<std::size_t> hand_over(const Take& take);

  int perf_fd_;  // not ours
  base::Mapping mapping_;
  std::size_t page_bytes_;
  std::uint64_t end_ = 0;
};

}  // namespace dtp::kernel
