#include "record/comm.h"

#include <utility>

#include "record/threads.h"

namespace dtp::record {

std::vector<Task> running_tasks() {
  std::vector<Task> tasks;
  each_thread([&](const Thread& thread) {
    tasks.push_back({static_cast<std::uint32_t>(thread.pid), static_cast<std::uint32_t>(thread.tid), thread.stat.comm});
  });
  return tasks;
}

void CommTable::set(std::uint32_t tid, std::string_view comm, std::uint64_t time) {
  std::string& name = names_[tid];
  if (time != 0 && !name.empty()) past_[tid] = {std::move(name), time};
  name.assign(comm);
}

void CommTable::fork(std::uint32_t tid, std::uint32_t parent_tid) {
  const auto parent = names_.find(parent_tid);
  if (parent == names_.end()) return;
  const std::string comm = parent->second;
  names_[tid] = comm;
  past_.erase(tid);
}

const std::string& CommTable::name(std::uint32_t tid) {
  std::string& comm = names_[tid];
  if (comm.empty()) comm = ":" + std::to_string(tid);
  return comm;
}

const std::string& CommTable::name_at(std::uint32_t tid, std::uint64_t time) {
  const auto past = past_.find(tid);
  return past != past_.end() && time < past->second.until ? past->second.name : name(tid);
}

}  // namespace dtp::record
