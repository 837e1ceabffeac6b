#include "record/process_tree.h"

#include <charconv>
#include <vector>

#include "base/file.h"
#include "record/comm.h"

namespace dtp::record {
namespace {

// A machine may name as many processes, and a hostile one a circle of them.
constexpr std::size_t most_processes = 1 << 20;
constexpr int longest_chain = 32;

std::uint32_t read_parent(std::uint32_t pid) {
  return parent_of_stat(base::read_file("/proc/" + std::to_string(pid) + "/stat").value_or(""));
}

}  // namespace

std::uint32_t parent_of_stat(std::string_view stat) {
  const std::size_t name_end = stat.rfind(") ");
  if (name_end == std::string_view::npos || stat.size() < name_end + 5) return 0;
  const std::string_view rest = stat.substr(name_end + 4);  // behind the state
  std::uint32_t parent = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), parent);
  return parent;
}

ProcessTree ProcessTree::of_this_machine() {
  ProcessTree tree;
  for (Task& task : running_tasks())
    if (task.pid == task.tid) tree.processes_[task.pid] = {read_parent(task.pid), std::move(task.comm)};
  return tree;
}

void ProcessTree::fork(std::uint32_t parent, std::uint32_t child) {
  if (processes_.size() >= most_processes) processes_.clear();
  const std::string name = comm(parent);
  processes_[child] = {parent, name};
}

void ProcessTree::see(std::uint32_t pid, std::string_view comm) {
  if (processes_.size() >= most_processes) processes_.clear();
  const auto [at, is_new] = processes_.try_emplace(pid);
  if (is_new) at->second.parent = read_parent(pid);
  if (at->second.comm != comm) at->second.comm = comm;
}

std::uint32_t ProcessTree::parent(std::uint32_t pid) const {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? 0 : found->second.parent;
}

const std::string& ProcessTree::comm(std::uint32_t pid) const {
  static const std::string unknown;
  const auto found = processes_.find(pid);
  return found == processes_.end() ? unknown : found->second.comm;
}

std::string ProcessTree::chain(std::uint32_t pid) const {
  std::string chain;
  for (int depth = 0; pid != 0 && depth < longest_chain; ++depth) {
    const std::string& name = comm(pid);
    const std::string shown = name.empty() ? ":" + std::to_string(pid) : name;
    chain = chain.empty() ? shown : shown + " > " + chain;
    pid = parent(pid);
  }
  return chain;
}

}  // namespace dtp::record
