#include "record/sideband.h"

#include <linux/perf_event.h>

#include <algorithm>
#include <utility>

#include "base/cursor.h"
#include "record/mapping_record.h"

namespace dtp::record {

void Sideband::add_task(const Task& task) { tasks_[task.tid] = {task}; }

// An ended thread's number may be a running one's again.
void Sideband::forget(std::uint32_t tid) {
  const auto known = tasks_.find(tid);
  if (known == tasks_.end() || !known->second.has_ended) return;
  if (known->second.task.pid == tid) spaces_.clear(tid);
  tasks_.erase(known);
}

void Sideband::end(std::uint32_t tid) {
  const auto known = tasks_.find(tid);
  if (known == tasks_.end()) return;
  known->second.has_ended = true;
  ended_.push_back(tid);
  if (ended_.size() <= most_ended_) return;
  forget(ended_.front());
  ended_.pop_front();
}

void Sideband::note(std::uint64_t time, std::span<const std::byte> record) {
  waiting_.push_back({time, {record.begin(), record.end()}});
  newest_ = std::max(newest_, time);
}

// A fork may be seen after what the child did on another CPU.
void Sideband::end_round() {
  std::ranges::stable_sort(waiting_, {}, &Waiting::time);
  const std::uint64_t until = std::exchange(newest_before_, newest_);
  const auto later = std::ranges::upper_bound(waiting_, until, {}, &Waiting::time);
  for (auto at = waiting_.begin(); at != later; ++at) apply(at->record);
  waiting_.erase(waiting_.begin(), later);
}

void Sideband::each_waiting(const std::function<void(std::span<const std::byte>)>& use) const {
  for (const Waiting& waiting : waiting_) use(waiting.record);
}

void Sideband::apply(std::span<const std::byte> record) {
  base::Cursor cursor(record);
  const auto header = cursor.read<perf_event_header>();
  if (header.type == PERF_RECORD_MMAP || header.type == PERF_RECORD_MMAP2) {
    if (const auto mapping = parse_mapping(record)) spaces_.add(*mapping);
    return;
  }
  const auto pid = cursor.read<std::uint32_t>();
  const auto second = cursor.read<std::uint32_t>();
  if (header.type == PERF_RECORD_COMM) {
    const std::string_view comm = cursor.read_c_string();
    if (cursor.failed()) return;
    if ((header.misc & PERF_RECORD_MISC_COMM_EXEC) != 0) spaces_.clear(pid);
    add_task({pid, second, std::string(comm)});
  } else if (header.type == PERF_RECORD_FORK || header.type == PERF_RECORD_EXIT) {
    // Of a fork the second is the parent's process.
    const auto tid = cursor.read<std::uint32_t>();
    const auto parent_tid = cursor.read<std::uint32_t>();
    if (cursor.failed()) return;
    if (header.type == PERF_RECORD_EXIT) return end(tid);
    const auto parent = tasks_.find(parent_tid);
    add_task({pid, tid, parent == tasks_.end() ? std::string() : parent->second.task.comm});
    spaces_.fork(pid, second);
  }
}

void Sideband::each_task(const std::function<void(const Task&)>& use) const {
  for (const auto& [tid, known] : tasks_)
    if (!known.task.comm.empty()) use(known.task);
}

}  // namespace dtp::record
