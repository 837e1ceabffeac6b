#include "kernel/sample_maker.h"

#include <linux/perf_event.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "base/file.h"
#include "kernel/perf_records.h"
#include "kernel/trace_page.h"

namespace dtp::kernel {
namespace {

// struct trace_entry at the front of every event: u16 type, u8 flags, u8 preempt_count, s32 thread.
constexpr std::size_t entry_bytes = 8;
// The smallest event in a page: its head and its entry.
constexpr std::size_t least_event = 4 + entry_bytes;
constexpr std::size_t longest_sample = UINT16_MAX;

template <class T>
T load(std::span<const std::byte> bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <class T>
std::byte* store(std::byte* at, const T& value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

// Tgid of /proc/TID/status; 0: it is gone.
std::uint32_t read_process(std::uint32_t tid) {
  const auto status = base::read_file("/proc/" + std::to_string(tid) + "/status");
  if (!status) return 0;
  constexpr std::string_view key = "\nTgid:\t";
  const std::size_t at = status->find(key);
  if (at == std::string::npos) return 0;
  std::uint32_t process = 0;
  std::from_chars(status->data() + at + key.size(), status->data() + status->size(), process);
  return process;
}

}  // namespace

void Processes::watch(std::span<const std::byte> records) {
  // struct { header; u32 pid, ppid; u32 tid, ptid; ... }
  constexpr std::size_t fork_bytes = sizeof(perf_event_header) + 16;
  for (auto record = take_record(records); !record.empty(); record = take_record(records)) {
    if (header_of(record).type != PERF_RECORD_FORK || record.size() < fork_bytes) continue;
    const std::span<const std::byte> body = record.subspan(sizeof(perf_event_header));
    seen_[load<std::uint32_t>(body, 8)] = load<std::uint32_t>(body, 0);
  }
}

std::uint32_t Processes::look_up(std::uint32_t tid) {
  if (tid == 0) return 0;
  const auto [known, is_new] = looked_up_.emplace(tid, 0);
  if (is_new) {
    if (const std::uint32_t process = read_process(tid); process != 0) {
      seen_[tid] = process;
      known->second = process;
    } else {
      const auto before = seen_.find(tid);
      known->second = before == seen_.end() ? tid : before->second;
    }
  }
  last_tid_ = tid;
  return last_process_ = known->second;
}

void Processes::end_round() {
  looked_up_.clear();
  last_tid_ = last_process_ = 0;
}

SampleMaker::SampleMaker(std::uint64_t sample_type, std::vector<Event> events)
    : sample_type_(sample_type), events_(std::move(events)), made_(events_.size()) {
  const auto bytes_of = [&](std::uint64_t member) -> std::size_t { return (sample_type_ & member) != 0 ? 8 : 0; };
  fixed_bytes_ = sizeof(perf_event_header) + 4 * 8 + bytes_of(PERF_SAMPLE_IP) + bytes_of(PERF_SAMPLE_PERIOD) +
                 bytes_of(PERF_SAMPLE_CALLCHAIN);
  tail_bytes_ = bytes_of(PERF_SAMPLE_REGS_USER) + bytes_of(PERF_SAMPLE_STACK_USER);
}

std::size_t SampleMaker::add_page(std::span<const std::byte> page, unsigned cpu, Processes& processes) {
  // What a page of the smallest events would need.
  const std::size_t most = page.size() + page.size() / least_event * (fixed_bytes_ + tail_bytes_ + 12);
  if (bytes_.size() < used_ + most) bytes_.resize(used_ + most);
  walk_trace_page(page, [&](std::uint64_t time_ns, std::span<const std::byte> event) {
    if (event.size() >= entry_bytes) add_event(time_ns, event, cpu, processes);
  });
  return used_;
}

std::uint64_t SampleMaker::made(std::uint64_t id) const {
  const auto known = std::ranges::find(events_, id, &Event::id);
  return known == events_.end() ? 0 : made_[static_cast<std::size_t>(known - events_.begin())];
}

// The members of sample_type in the order of perf_event_open(2).
void SampleMaker::add_event(std::uint64_t time_ns, std::span<const std::byte> event, unsigned cpu,
                            Processes& processes) {
  const auto type = load<std::uint16_t>(event, 0);
  const auto known = std::ranges::find(events_, type, &Event::type);
  if (known == events_.end() || event.size() < known->thread_offset + sizeof(std::uint32_t)) return;
  const std::size_t raw = (fixed_bytes_ + 4 + event.size() + 7) / 8 * 8;
  const std::size_t size = raw + tail_bytes_;
  if (size > longest_sample) return;
  ++made_[static_cast<std::size_t>(known - events_.begin())];
  const auto tid = load<std::uint32_t>(event, known->thread_offset);
  std::byte* const begin = bytes_.data() + used_;
  std::byte* at = store(begin, perf_event_header{.type = PERF_RECORD_SAMPLE,
                                                 .misc = PERF_RECORD_MISC_KERNEL,
                                                 .size = static_cast<std::uint16_t>(size)});
  at = store(at, known->id);
  if ((sample_type_ & PERF_SAMPLE_IP) != 0) at = store(at, std::uint64_t{0});  // of a tracepoint it tells nothing
  at = store(at, processes.of(tid));
  at = store(at, tid);
  at = store(at, time_ns);
  at = store(at, std::uint64_t{cpu});
  if ((sample_type_ & PERF_SAMPLE_PERIOD) != 0) at = store(at, std::uint64_t{1});
  if ((sample_type_ & PERF_SAMPLE_CALLCHAIN) != 0) at = store(at, std::uint64_t{0});
  at = store(at, static_cast<std::uint32_t>(raw - fixed_bytes_ - 4));
  std::memcpy(at, event.data(), event.size());
  at += event.size();
  std::memset(at, 0, static_cast<std::size_t>(begin + size - at));
  used_ += size;
}

}  // namespace dtp::kernel
