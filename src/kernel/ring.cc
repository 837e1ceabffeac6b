#include "kernel/ring.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace dtp::kernel {
namespace {

perf_event_header header_at(std::span<const std::byte> bytes, std::size_t at) {
  perf_event_header header = {};
  std::memcpy(&header, bytes.data() + at, sizeof header);
  return header;
}

// struct { header; u64 id; u64 lost; ... }
std::uint64_t lost_count(std::span<const std::byte> record) {
  constexpr std::size_t offset = sizeof(perf_event_header) + sizeof(std::uint64_t);
  std::uint64_t lost = 0;
  if (record.size() >= offset + sizeof lost) std::memcpy(&lost, record.data() + offset, sizeof lost);
  return lost;
}

// struct { header; u32 pid, ppid; u32 tid, ptid; ... }: a new thread has its parent's pid.
bool is_new_process(std::span<const std::byte> record) {
  std::array<std::uint32_t, 2> pid_and_parent{};
  if (record.size() < sizeof(perf_event_header) + sizeof pid_and_parent) return false;
  std::memcpy(pid_and_parent.data(), record.data() + sizeof(perf_event_header), sizeof pid_and_parent);
  return pid_and_parent[0] != pid_and_parent[1];
}

}  // namespace

Walked walk_records(std::span<const std::byte> bytes) {
  Walked walked;
  while (bytes.size() - walked.bytes >= sizeof(perf_event_header)) {
    const perf_event_header header = header_at(bytes, walked.bytes);
    if (header.size < sizeof header) {
      walked.is_broken = true;
      return walked;
    }
    if (header.size > bytes.size() - walked.bytes) return walked;
    const std::span<const std::byte> record = bytes.subspan(walked.bytes, header.size);
    if (header.type == PERF_RECORD_LOST) walked.lost += lost_count(record);
    if (header.type == PERF_RECORD_FORK) walked.has_new_process |= is_new_process(record);
    walked.bytes += header.size;
  }
  return walked;
}

Ring::Ring(base::Mapping mapping, std::size_t page_bytes) : mapping_(std::move(mapping)), page_bytes_(page_bytes) {}

Result<Ring> Ring::map(int perf_fd, std::size_t bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* memory = ::mmap(nullptr, page + bytes, PROT_READ | PROT_WRITE, MAP_SHARED, perf_fd, 0);
  if (memory == MAP_FAILED) {
    Error error = base::system_error("cannot map", "a ring of " + std::to_string(bytes / 1024) + " KiB", errno);
    error.hint = errno == EPERM
                     ? "more than kernel.perf_event_mlock_kb allows this user: ask for a smaller ring or run as root"
                     : "ask for a smaller ring";
    return fail(std::move(error));
  }
  return Ring(base::Mapping(memory, page + bytes), page);
}

perf_event_mmap_page& Ring::control() const {
  return *reinterpret_cast<perf_event_mmap_page*>(const_cast<std::byte*>(mapping_.bytes().data()));
}

// Records are multiples of 8 bytes and so is the ring: a header is never torn.
std::span<const std::byte> Ring::join_record(std::uint64_t at, std::size_t available) {
  const std::span<const std::byte> ring = data();
  const std::size_t offset = at & (ring.size() - 1);
  if (ring.size() - offset < sizeof(perf_event_header)) return {};
  const std::size_t size = header_at(ring, offset).size;
  if (size > available) return {};
  const std::size_t first = std::min(size, ring.size() - offset);
  joined_.resize(size);
  std::memcpy(joined_.data(), ring.data() + offset, first);
  std::memcpy(joined_.data() + first, ring.data(), size - first);
  return joined_;
}

Result<std::size_t> Ring::drain(const Take& take) {
  const std::span<const std::byte> ring = data();
  const std::uint64_t head = std::atomic_ref(control().data_head).load(std::memory_order_acquire);
  const std::uint64_t start = control().data_tail;
  for (std::uint64_t tail = start; tail != head;) {
    const std::size_t available = std::min<std::uint64_t>(head - tail, ring.size());
    const std::size_t offset = tail & (ring.size() - 1);
    std::span<const std::byte> records = ring.subspan(offset, std::min(available, ring.size() - offset));
    Walked walked = walk_records(records);
    if (!walked.is_broken && walked.bytes == 0) {
      records = join_record(tail, available);
      walked = walk_records(records);
    }
    if (walked.bytes == 0) return fail({.what = "the kernel's ring holds a record that cannot be"});
    lost_ += walked.lost;
    has_seen_new_process_ |= walked.has_new_process;
    DTP_CHECK(take(records.first(walked.bytes)));
    tail += walked.bytes;
    std::atomic_ref(control().data_tail).store(tail, std::memory_order_release);
  }
  return head - start;
}

}  // namespace dtp::kernel
