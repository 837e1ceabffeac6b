#include "kernel/instance_folder.h"

#include <cerrno>
#include <string_view>

#include "base/lines.h"
#include "kernel/owner.h"

namespace dtp::kernel {
namespace {

constexpr std::string_view folder = "instances/";

std::vector<Undo> with_absolute_paths(const TraceFs& tracefs, std::vector<Undo> all) {
  for (Undo& one : all) one.file = tracefs.absolute(one.file);
  return all;
}

// Triggers that refer to each other hold their instance, and those that are referred to hold the others.
void remove_triggers(TraceFs& tracefs, const std::string& instance) {
  for (const std::string_view only : {"onmatch(", "hist:"}) {
    for (const std::string& group : tracefs.list(instance + "/events").value_or(std::vector<std::string>())) {
      const std::string events = instance + "/events/" + group;
      for (const std::string& event : tracefs.list(events).value_or(std::vector<std::string>())) {
        const std::string path = events + "/" + event + "/trigger";
        const std::string triggers = tracefs.read(path).value_or("");
        for (std::string_view rest = triggers; !rest.empty();) {
          const std::string_view line = base::take_line(rest);
          if (line.starts_with('#') || !line.contains(only)) continue;
          const std::size_t state = line.rfind(" [");  // "hist:keys=a [active]", "hist:keys=a if a > 1 [active]"
          (void)tracefs.write(path, "!" + std::string(line.substr(0, state)));
        }
      }
    }
  }
}

}  // namespace

Result<InstanceFolder> InstanceFolder::create(TraceFs& tracefs, std::vector<Undo> triggers,
                                              const std::vector<Undo>& after) {
  DTP_TRY(const Owner owner, this_process());
  const std::string path = std::string(folder) + group_of(owner);
  if (const auto made = tracefs.make_directory(path); !made)
    return fail(tracefs_error("cannot make", path, made.error()));
  InstanceFolder instance(tracefs, path);
  for (Undo& one : triggers) instance.triggers_.push_back({path + "/" + one.file, std::move(one.text)});
  if (const std::string absolute = tracefs.absolute(path); !absolute.empty())
    instance.caretaker_ =
        Caretaker(absolute, with_absolute_paths(tracefs, instance.triggers_), with_absolute_paths(tracefs, after));
  return instance;
}

InstanceFolder::~InstanceFolder() {
  if (path_.empty()) return;
  for (const Undo& one : triggers_) (void)tracefs_->write(one.file, one.text);
  (void)tracefs_->remove_directory(path_);
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
  for (const std::string& name : *names) {
    const auto owner = owner_of(name);
    if (!owner || is_alive(*owner)) continue;
    const std::string path = std::string(folder) + name;
    const Io<void> removed = tracefs.remove_directory(path);
    if (removed || removed.error() != EBUSY) continue;
    remove_triggers(tracefs, path);
    (void)tracefs.remove_directory(path);
  }
}

}  // namespace dtp::kernel
