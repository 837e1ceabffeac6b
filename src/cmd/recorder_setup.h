// A recording of a capture: what the recorder must be told of events and tasks.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cmd/recording.h"
#include "kernel/capture.h"
#include "record/recorder.h"

namespace dtp::cmd {

// Of the first events of the capture, which outlives the recorder. Limits are for others to add.
record::RecorderOptions recorder_options(const std::string& path, const kernel::Target& target,
                                         const std::vector<WatchedEvent>& events, const kernel::Capture& capture);
// perf has 8 KiB for the fields of a record, and a text may have 4 of them.
bool may_be_too_long(const record::EventSchema& schema);
// What runs already. A command alone has no names and no code yet: its own come with its exec.
std::vector<record::Task> known_tasks(const kernel::Target& target, pid_t command);

// Tells a recorder, or what stands for one, of these tasks, and with stacks of their code.
template <class To>
void tell_running(To& to, const kernel::Target& target, const kernel::StackOptions& stacks,
                  std::span<const record::Task> tasks) {
  for (const record::Task& task : tasks) to.add_task(task);
  if (stacks.kind == kernel::Stacks::none) return;
  for (const record::NewMapping& mapping : running_code(target, stacks, tasks)) to.add_mapping(mapping);
}

}  // namespace dtp::cmd
