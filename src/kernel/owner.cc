#include "kernel/owner.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/file.h"
#include "base/number.h"
#include "kernel/instance.h"
#include "kernel/lease.h"
#include "kernel/pairing.h"

namespace dtp::kernel {
namespace {

constexpr std::string_view prefix = "dtp_";
constexpr int base_of_start = 36;
constexpr int start_field = 22;  // of /proc/PID/stat, counted from 1

std::optional<std::uint64_t> read_start(pid_t pid) {
  const auto stat = base::read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!stat) return std::nullopt;
  // The second field is the name, in parentheses, and may hold blanks and parentheses itself.
  std::string_view rest = *stat;
  const std::size_t name_end = rest.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  rest.remove_prefix(name_end + 2);
  for (int field = 3; field < start_field; ++field) rest.remove_prefix(std::min(rest.find(' '), rest.size() - 1) + 1);
  std::uint64_t start = 0;
  if (!base::read_number(rest.substr(0, rest.find(' ')), start, 10)) return std::nullopt;
  return start;
}

Io<void> remove_patiently(TraceFs& tracefs, const Event& event) {
  using namespace std::chrono_literals;
  const auto end = std::chrono::steady_clock::now() + 1s;
  for (;;) {
    const Io<void> removed = remove_event(tracefs, event);
    if (removed || removed.error() != EBUSY || std::chrono::steady_clock::now() >= end) return removed;
    // Somebody enabled all events of tracefs, or a perf event is still being torn down.
    (void)tracefs.write("events/" + event.name.group + "/" + event.name.event + "/enable", "0");
    std::this_thread::sleep_for(20ms);
  }
}

}  // namespace

std::string group_of(const Owner& owner) {
  char start[16] = {};
  const auto end = std::to_chars(start, start + sizeof start, owner.start, base_of_start).ptr;
  return std::string(prefix) + std::to_string(owner.pid) + "_" + std::string(start, end);
}

std::optional<Owner> owner_of(std::string_view group) {
  if (!group.starts_with(prefix)) return std::nullopt;
  group.remove_prefix(prefix.size());
  const std::size_t middle = group.find('_');
  Owner owner;
  if (middle == std::string_view::npos || !base::read_number(group.substr(0, middle), owner.pid, 10) ||
      owner.pid <= 0 || !base::read_number(group.substr(middle + 1), owner.start, base_of_start)) {
    return std::nullopt;
  }
  return owner;
}

Result<Owner> this_process() {
  const pid_t pid = ::getpid();
  const auto start = read_start(pid);
  if (!start)
    return fail(
        {.what = "cannot read '/proc/self/stat'", .hint = "mount proc at /proc", .status = Status::not_possible});
  return Owner{pid, *start};
}

bool is_alive(const Owner& owner) { return read_start(owner.pid) == owner.start; }

std::expected<OwnedEvents, Refusal> OwnedEvents::create(TraceFs& tracefs, std::span<const std::string> lines) {
  if (auto added = add_events(tracefs, lines); !added) return std::unexpected(std::move(added.error()));
  return OwnedEvents(tracefs, events_of(lines));
}

OwnedEvents::OwnedEvents(OwnedEvents&& other) noexcept
    : tracefs_(other.tracefs_), events_(std::exchange(other.events_, {})) {}

OwnedEvents::~OwnedEvents() { (void)remove(); }

std::expected<void, Refusal> OwnedEvents::add_member(std::span<const std::string> lines) {
  if (auto added = kernel::add_member(*tracefs_, lines); !added) return added;
  events_.front().lines.insert(events_.front().lines.end(), lines.begin(), lines.end());
  return {};
}

Result<void> OwnedEvents::remove() {
  Result<void> result;
  for (const Event& event : std::exchange(events_, {})) {
    const Io<void> removed = remove_patiently(*tracefs_, event);
    const bool is_gone = removed || removed.error() == ENOENT;  // deleted by hand meanwhile
    if (!is_gone && result) result = fail(removal_error(event.name, removed.error()));
  }
  return result;
}

Result<std::vector<EventName>> remove_stale(TraceFs& tracefs) {
  remove_expired(tracefs);
  remove_stale_instances(tracefs);  // they hold events
  remove_stale_pair_events(tracefs);
  DTP_TRY(const std::vector<Event> events, list_events(tracefs));
  std::vector<EventName> removed;
  for (const Event& event : events) {
    const auto owner = owner_of(event.name.group);
    if (!owner || is_alive(*owner)) continue;
    if (remove_event(tracefs, event)) removed.push_back(event.name);
  }
  return removed;
}

}  // namespace dtp::kernel
