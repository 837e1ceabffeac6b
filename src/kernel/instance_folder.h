// A tracing instance as a folder of tracefs, which is gone with the object, and when this process is killed.
//
// It is named as our events are (owner.h), so that others can tell whose it is. A process has one at a time.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dtracepp/error.h"
#include "kernel/caretaker.h"
#include "kernel/tracefs.h"

namespace dtp::kernel {

class InstanceFolder {
 public:
  // What stands in the way of its removal is undone first: `triggers` are those that will be written into files of it.
  // `after`: what is undone, elsewhere in tracefs, when this process is killed.
  static Result<InstanceFolder> create(TraceFs& tracefs, std::vector<Undo> triggers = {},
                                       const std::vector<Undo>& after = {});
  InstanceFolder(InstanceFolder&& other) noexcept
      : tracefs_(other.tracefs_),
        path_(std::exchange(other.path_, {})),
        triggers_(std::move(other.triggers_)),
        caretaker_(std::move(other.caretaker_)) {}
  InstanceFolder& operator=(InstanceFolder&&) = delete;
  InstanceFolder(const InstanceFolder&) = delete;
  InstanceFolder& operator=(const InstanceFolder&) = delete;
  ~InstanceFolder();

  const std::string& path() const { return path_; }  // empty: moved from
  Result<void> set(const std::string& file, const std::string& text) const;
  // Only the hits of these, and of their children to come, count.
  Result<void> watch_tasks(std::span<const pid_t> tasks) const;

 private:
  InstanceFolder(TraceFs& tracefs, std::string path) : tracefs_(&tracefs), path_(std::move(path)) {}
  TraceFs* tracefs_;
  std::string path_;
  std::vector<Undo> triggers_ = {};  // by their whole paths in tracefs
  Caretaker caretaker_ = {};
};

// Instances of owners that are dead.
void remove_stale_instances(TraceFs& tracefs);

}  // namespace dtp::kernel
