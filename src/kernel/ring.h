// The ring that the kernel fills with perf records for one cpu: see perf_event_open(2), "MMAP layout".
#pragma once

#include <linux/perf_event.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/file.h"
#include "dtracepp/error.h"

namespace dtp::kernel {

// What one look at records found: the bytes of the whole ones, and what PERF_RECORD_LOST and PERF_RECORD_FORK
// say between them.
struct Walked {
  std::size_t bytes = 0;
  std::uint64_t lost = 0;
  bool has_new_process = false;
  bool is_broken = false;  // a record shorter than its header: nothing behind it makes sense
};
Walked walk_records(std::span<const std::byte> bytes);

class Ring {
 public:
  using Take = std::function<Result<void>(std::span<const std::byte> records)>;

  // One control page, then `bytes` of data, a power of two.
  static Result<Ring> map(int perf_fd, std::size_t bytes);
  Ring(base::Mapping mapping, std::size_t page_bytes);

  // Hands over what is there now, in one to three spans of whole records, and gives the room back. Gives the
  // number of bytes. A record that goes over the ring's end is put together first.
  Result<std::size_t> drain(const Take& take);
  std::uint64_t lost() const { return lost_; }
  bool has_seen_new_process() const { return has_seen_new_process_; }

 private:
  std::span<const std::byte> data() const { return mapping_.bytes().subspan(page_bytes_); }
  perf_event_mmap_page& control() const;
  std::span<const std::byte> join_record(std::uint64_t at, std::size_t available);

  base::Mapping mapping_;
  std::size_t page_bytes_;
  std::vector<std::byte> joined_ = {};  // at most 64 KiB, the largest record
  std::uint64_t lost_ = 0;
  bool has_seen_new_process_ = false;
};

}  // namespace dtp::kernel
