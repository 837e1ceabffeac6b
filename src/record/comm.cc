#include "record/comm.h"

#include <charconv>
#include <filesystem>
#include <system_error>

#include "base/file.h"

namespace dtp::record {
namespace {

namespace fs = std::filesystem;

// The number that names a folder of /proc; 0: another name.
std::uint32_t number_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc{} && end == name.data() + name.size() ? number : 0;
}

void add_threads(const fs::path& process, std::uint32_t pid, std::vector<Task>& tasks) {
  std::error_code ended;
  for (fs::directory_iterator at(process / "task", ended), last; !ended && at != last; at.increment(ended)) {
    auto comm = base::read_file((at->path() / "comm").string());
    if (!comm) continue;
    if (comm->ends_with('\n')) comm->pop_back();
    tasks.push_back({pid, number_of(at->path()), std::move(*comm)});
  }
}

}  // namespace

std::vector<Task> running_tasks() {
  std::vector<Task> tasks;
  std::error_code failed;
  for (fs::directory_iterator at("/proc", failed), last; !failed && at != last; at.increment(failed)) {
    if (const std::uint32_t pid = number_of(at->path()); pid != 0) add_threads(at->path(), pid, tasks);
  }
  return tasks;
}

void CommTable::set(std::uint32_t tid, std::string_view comm) { names_[tid].assign(comm); }

void CommTable::fork(std::uint32_t tid, std::uint32_t parent_tid) {
  const auto parent = names_.find(parent_tid);
  if (parent == names_.end()) return;
  const std::string comm = parent->second;
  names_[tid] = comm;
}

const std::string& CommTable::name(std::uint32_t tid) {
  std::string& comm = names_[tid];
  if (comm.empty()) comm = ":" + std::to_string(tid);
  return comm;
}

}  // namespace dtp::record
