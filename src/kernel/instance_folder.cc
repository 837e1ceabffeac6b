#include "kernel/instance_folder.h"

#include <string_view>

#include "kernel/owner.h"

namespace dtp::kernel {
namespace {

constexpr std::string_view folder = "instances/";

}  // namespace

Result<InstanceFolder> InstanceFolder::create(TraceFs& tracefs) {
  DTP_TRY(const Owner owner, this_process());
  const std::string path = std::string(folder) + group_of(owner);
  if (const auto made = tracefs.make_directory(path); !made)
    return fail(tracefs_error("cannot make", path, made.error()));
  InstanceFolder instance(tracefs, path);
  if (const std::string absolute = tracefs.absolute(path); !absolute.empty()) instance.caretaker_ = Caretaker(absolute);
  return instance;
}

InstanceFolder::~InstanceFolder() {
  if (!path_.empty()) (void)tracefs_->remove_directory(path_);
}

Result<void> InstanceFolder::set(const std::string& file, const std::string& text) const {
  const std::string path = path_ + "/" + file;
  if (const auto done = tracefs_->write(path, text); !done)
    return fail(tracefs_error("cannot write", path, done.error()));
  return {};
}

Result<void> InstanceFolder::watch_tasks(std::span<const pid_t> tasks) const {
  std::string numbers;
  for (const pid_t task : tasks) numbers += std::to_string(task) + " ";
  DTP_CHECK(set("options/event-fork", "1"));
  return set("set_event_pid", numbers);
}

void remove_stale_instances(TraceFs& tracefs) {
  const auto names = tracefs.list("instances");
  if (!names) return;
  for (const std::string& name : *names)
    if (const auto owner = owner_of(name); owner && !is_alive(*owner))
      (void)tracefs.remove_directory(std::string(folder) + name);
}

}  // namespace dtp::kernel
