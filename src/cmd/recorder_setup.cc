#include "cmd/recorder_setup.h"

#include <algorithm>

#include "cmd/watch.h"

namespace dtp::cmd {

// PERF_MAX_TRACE_SIZE
bool may_be_too_long(const record::EventSchema& schema) {
  constexpr int most_bytes = 8192;
  constexpr int longest_text = 4096;
  int bytes = 0;
  for (const record::FieldSchema& field : schema.fields) bytes += field.size + (field.dynamic ? longest_text : 0);
  return bytes > most_bytes;
}

record::RecorderOptions recorder_options(const std::string& path, const kernel::Target& target,
                                         const std::vector<WatchedEvent>& events, const kernel::Capture& capture) {
  record::RecorderOptions wanted{.path = path, .origin = record::this_machine()};
  wanted.origin.version = "dtrace++ " DTP_VERSION;
  wanted.watches_all = target.all_cpus && target.cpus.empty();
  for (std::size_t i = 0; i < events.size(); ++i) {
    const WatchedEvent& event = events[i];
    wanted.may_be_too_long.push_back(may_be_too_long(event.schema));
    const int offset = schemas_of(event).front().member_offset;
    if (offset >= 0) wanted.shared.push_back({i, static_cast<std::size_t>(offset), event.members, event.are_filtered});
  }
  wanted.count = [&capture, size = events.size()] {
    std::vector<kernel::Counted> counted = capture.counted();
    counted.resize(std::min(counted.size(), size));
    return counted;
  };
  return wanted;
}

std::vector<record::Task> known_tasks(const kernel::Target& target, pid_t command) {
  std::vector<record::Task> tasks = record::running_tasks();
  if (watches_command_only(target))
    std::erase_if(tasks, [&](const record::Task& task) { return task.pid != static_cast<std::uint32_t>(command); });
  return tasks;
}

}  // namespace dtp::cmd
