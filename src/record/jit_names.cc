#include "record/jit_names.h"

#include <algorithm>
#include <utility>

namespace dtp::record {

void JitNames::set(JitProcesses processes) {
  source_ = JitSource::recording;
  for (auto& [pid, functions] : processes) {
    sort_by_time(functions);
    processes_[pid].functions = std::move(functions);
  }
}

void JitNames::note_mapping(const NewMapping& mapping) {
  if (source_ == JitSource::recording) return;
  watch_.note(mapping, source_ == JitSource::live);
  if (watch_.knows(mapping.pid)) processes_.try_emplace(mapping.pid);
}

void JitNames::read(std::uint32_t pid, Process& process) {
  process.was_read = true;
  JitFunctions more = watch_.read(pid);
  if (!has_times_)
    for (JitFunction& function : more) function.time_ns = 0;
  sort_by_time(more);
  if (process.functions.size() + more.size() > most_jit_functions) return;
  std::ranges::move(more, std::back_inserter(process.functions));
}

void JitNames::update(std::uint32_t pid, std::uint64_t time_ns, AddressSpaces& spaces) {
  const auto known = processes_.find(pid);
  if (known == processes_.end()) return;
  Process& process = known->second;
  if (source_ == JitSource::live || (source_ == JitSource::files && !process.was_read)) read(pid, process);
  for (; process.next < process.functions.size(); ++process.next) {
    const JitFunction& function = process.functions[process.next];
    if (function.time_ns > time_ns) break;
    spaces.add_function(pid, function);
  }
}

void JitNames::restart(std::uint32_t pid) {
  if (const auto known = processes_.find(pid); known != processes_.end()) known->second.next = 0;
}

}  // namespace dtp::record
