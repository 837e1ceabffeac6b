#include "kernel/sample_maker.h"

#include <linux/perf_event.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

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
constexpr std::size_t piece = 32;

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
    : events_(std::move(events)), made_(events_.size()) {
  const auto bytes_of = [&](std::uint64_t member) -> std::size_t { return (sample_type & member) != 0 ? 8 : 0; };
  // The members of sample_type in the order of perf_event_open(2): IDENTIFIER, IP, TID, TIME, CPU, PERIOD, CALLCHAIN.
  const std::size_t period = bytes_of(PERF_SAMPLE_PERIOD);
  task_at_ = sizeof(perf_event_header) + 8 + bytes_of(PERF_SAMPLE_IP);
  front_bytes_ = task_at_ + 3 * 8 + period + bytes_of(PERF_SAMPLE_CALLCHAIN);
  tail_bytes_ = bytes_of(PERF_SAMPLE_REGS_USER) + bytes_of(PERF_SAMPLE_STACK_USER);
  for (const Event& event : events_) {
    Front& front = fronts_.emplace_back();  // what is not said below is 0: the address tells nothing of a tracepoint
    store(front.data(), perf_event_header{.type = PERF_RECORD_SAMPLE, .misc = PERF_RECORD_MISC_KERNEL, .size = 0});
    store(front.data() + sizeof(perf_event_header), event.id);
    if (period > 0) store(front.data() + task_at_ + 3 * 8, std::uint64_t{1});
    counts_.push_back({event.id, 0});
  }
}

void SampleMaker::clear() {
  for (std::size_t i = 0; i < counts_.size(); ++i) made_[i] += std::exchange(counts_[i].samples, 0);
  used_ = 0;
}

std::size_t SampleMaker::add_page(std::span<const std::byte> page, unsigned cpu, Processes& processes) {
  // What a page of the smallest events would need.
  const std::size_t most =
      page.size() + page.size() / least_event * (front_bytes_ + tail_bytes_ + 12) + most_front + piece;
  if (bytes_.size() < used_ + most) bytes_.resize(used_ + most);
  walk_trace_page(page, [&](std::uint64_t time_ns, std::span<const std::byte> event) {
    const auto readable = static_cast<std::size_t>(page.data() + page.size() - event.data());
    if (event.size() >= entry_bytes) add_event({time_ns, cpu, event, readable}, processes);
  });
  return used_;
}

std::uint64_t SampleMaker::made(std::uint64_t id) const {
  const auto known = std::ranges::find(events_, id, &Event::id);
  if (known == events_.end()) return 0;
  const auto index = static_cast<std::size_t>(known - events_.begin());
  return made_[index] + counts_[index].samples;
}

// Most events are short: what is copied and cleared in pieces of a fixed length takes a third of the time. What is
// written too much belongs to the next sample.
void SampleMaker::add_event(const RingEvent& event, Processes& processes) {
  const auto type = load<std::uint16_t>(event.bytes, 0);
  if (events_.empty()) return;
  if (events_[last_].type != type) {
    const auto known = std::ranges::find(events_, type, &Event::type);
    if (known == events_.end()) return;
    last_ = static_cast<std::size_t>(known - events_.begin());
  }
  const std::size_t thread_offset = events_[last_].thread_offset;
  if (event.bytes.size() < thread_offset + sizeof(std::uint32_t)) return;
  const std::size_t raw = (front_bytes_ + 4 + event.bytes.size() + 7) / 8 * 8;
  const std::size_t size = raw + tail_bytes_;
  if (size > longest_sample) return;
  ++counts_[last_].samples;
  const auto tid = load<std::uint32_t>(event.bytes, thread_offset);
  std::byte* const begin = bytes_.data() + used_;
  std::memcpy(begin, fronts_[last_].data(), most_front);
  store(begin + offsetof(perf_event_header, size), static_cast<std::uint16_t>(size));
  std::byte* at = store(begin + task_at_, processes.of(tid));
  at = store(at, tid);
  at = store(at, event.time_ns);
  store(at, std::uint64_t{event.cpu});
  at = store(begin + front_bytes_, static_cast<std::uint32_t>(raw - front_bytes_ - 4));
  if (event.bytes.size() <= piece && event.readable >= piece)
    std::memcpy(at, event.bytes.data(), piece);
  else
    std::memcpy(at, event.bytes.data(), event.bytes.size());
  at += event.bytes.size();
  store(at, std::uint64_t{0});  // padding is less
  if (tail_bytes_ > 0) std::memset(begin + raw, 0, tail_bytes_);
  used_ += size;
}

}  // namespace dtp::kernel
