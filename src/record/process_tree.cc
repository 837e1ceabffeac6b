#include "record/process_tree.h"

#include <optional>

#include "base/file.h"
#include "record/threads.h"

namespace dtp::record {
namespace {

// A machine may name as many processes, and a hostile one a circle of them.
constexpr std::size_t most_processes = 1 << 20;
constexpr int longest_chain = 32;

std::optional<ThreadStat> read_stat(std::uint32_t pid) {
  return parse_thread_stat(base::read_file("/proc/" + std::to_string(pid) + "/stat").value_or(""));
}

}  // namespace

ProcessTree ProcessTree::of_this_machine() {
  ProcessTree tree;
  each_thread([&](const Thread& thread) {
    if (thread.pid == thread.tid)
      tree.processes_[static_cast<std::uint32_t>(thread.pid)] = {thread.stat.parent, thread.stat.comm};
  });
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
  if (is_new) {
    const auto stat = read_stat(pid);
    at->second.parent = stat ? stat->parent : 0;
  }
  if (at->second.comm != comm) at->second.comm = comm;
}

void ProcessTree::see_family(std::uint32_t pid) {
  for (int depth = 0; pid != 0 && depth < longest_chain; ++depth) {
    if (processes_.size() >= most_processes) processes_.clear();
    const auto [at, is_new] = processes_.try_emplace(pid);
    if (is_new)
      if (const auto stat = read_stat(pid)) at->second = {stat->parent, stat->comm};
    pid = at->second.parent;
  }
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
