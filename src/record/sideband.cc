#include "record/sideband.h"

#include <linux/perf_event.h>

#include "kernel/perf_records.h"
#include "record/mapping_record.h"
#include "record/task_record.h"

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
  order_.add(time, {record.begin(), record.end()});
}

// A fork may be seen after what the child did on another CPU.
void Sideband::end_round() {
  static_cast<void>(order_.end_round([&](const std::vector<std::byte>& record) -> Result<void> {
    apply(record);
    return {};
  }));
}

void Sideband::each_waiting(const std::function<void(std::span<const std::byte>)>& use) const {
  order_.each_waiting(use);
}

void Sideband::apply(std::span<const std::byte> record) {
  switch (kernel::header_of(record).type) {
    case PERF_RECORD_MMAP:
    case PERF_RECORD_MMAP2:
      if (const auto mapping = parse_mapping(record)) spaces_.add(*mapping);
      return;
    case PERF_RECORD_COMM:
      if (const auto task = parse_comm(record)) {
        if (task->is_exec) spaces_.clear(task->pid);
        add_task({task->pid, task->tid, std::string(task->comm)});
      }
      return;
    case PERF_RECORD_FORK:
      if (const auto task = parse_fork(record)) {
        const auto parent = tasks_.find(task->parent_tid);
        add_task({task->pid, task->tid, parent == tasks_.end() ? std::string() : parent->second.task.comm});
        spaces_.fork(task->pid, task->parent_pid);
      }
      return;
    case PERF_RECORD_EXIT:
      if (const auto task = parse_fork(record)) end(task->tid);
      return;
    default: return;
  }
}

void Sideband::each_task(const std::function<void(const Task&)>& use) const {
  for (const auto& [tid, known] : tasks_)
    if (!known.task.comm.empty()) use(known.task);
}

}  // namespace dtp::record
