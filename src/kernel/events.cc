#include "kernel/events.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <map>

#include "base/file.h"
#include "base/lines.h"
#include "base/pattern.h"
#include "kernel/error_log.h"
#include "kernel/owner.h"
#include "probe/shared.h"

namespace dtp::kernel {
namespace {

constexpr std::string_view error_log = "error_log";
constexpr int last_suffix = 1023;
constexpr std::size_t smallest_page = 2048;  // less than the kernel's page less a line: a listing within it is one call
constexpr int most_readings = 20;
constexpr std::string_view not_registered = "Failed to register probe event";

std::string file_of(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kprobe: return "kprobe_events";
    case ProbeKind::uprobe: return "uprobe_events";
    case ProbeKind::eprobe:
    case ProbeKind::fprobe:
    case ProbeKind::tprobe: return "dynamic_events";
  }
  return "";
}

std::string directory_of(const EventName& name) { return "events/" + name.group + "/" + name.event; }

// A uprobe's place is a path; nothing of a kprobe's has a slash.
ProbeKind kind_of_line(std::string_view line) {
  if (line.starts_with('e')) return ProbeKind::eprobe;
  if (line.starts_with('f')) return ProbeKind::fprobe;
  if (line.starts_with('t')) return ProbeKind::tprobe;
  const std::size_t place = line.find(' ');
  if (place == std::string_view::npos) return ProbeKind::kprobe;
  const std::string_view rest = line.substr(place + 1);
  return rest.substr(0, rest.find(' ')).contains('/') ? ProbeKind::uprobe : ProbeKind::kprobe;
}

std::string lower_first(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

// What the kernel would take for something else, or not at all.
std::optional<Refusal> check_line(TraceFs& tracefs, const std::string& line) {
  Refusal refusal{.error_number = EINVAL, .line = line};
  if (!name_of_line(line)) {
    refusal.message = "no event name";
    return refusal;
  }
  if (const std::size_t at = line.find_first_of("#\n"); at != std::string::npos) {
    refusal.message = "a character that the kernel takes for the end of the definition";
    refusal.column = at;
    return refusal;
  }
  if (!tracefs.exists(file_of(kind_of_line(line)))) {
    refusal.error_number = ENOSYS;
    return refusal;
  }
  return std::nullopt;
}

std::expected<void, Refusal> add_line(TraceFs& tracefs, const std::string& line) {
  const std::string before = tracefs.read(std::string(error_log)).value_or("");
  const Io<void> written = tracefs.write(file_of(kind_of_line(line)), line + "\n");
  if (written) return {};
  Refusal refusal{.error_number = written.error(), .line = line};
  const std::string after = tracefs.read(std::string(error_log)).value_or("");
  if (const auto entry = find_new_entry(before, after, line)) {
    refusal.message = entry->message;
    refusal.column = entry->column;
  } else if (file_of(kind_of_line(line)) == "dynamic_events" && refusal.error_number == EINVAL) {
    refusal.error_number = ENOSYS;  // nobody read the line: dynamic_events takes other kinds only
  }
  return std::unexpected(std::move(refusal));
}

// The kernel gives a listing a page a call: what others delete between two calls makes it skip lines. Two readings that
// agree had nobody in between.
Io<std::string> read_listing(TraceFs& tracefs, const char* file) {
  Io<std::string> last = tracefs.read(file);
  for (int tries = 0; last && last->size() > smallest_page && tries < most_readings; ++tries) {
    Io<std::string> again = tracefs.read(file);
    if (!again || *again == *last) return again;
    last = std::move(again);
  }
  return last;
}

// In somebody's rings of tracefs. Of perf's nobody tells.
bool is_enabled(TraceFs& tracefs, const EventName& name) {
  std::vector<std::string> files{directory_of(name) + "/enable"};
  for (const std::string& instance : tracefs.list("instances").value_or(std::vector<std::string>{}))
    files.push_back("instances/" + instance + "/" + files.front());
  return std::ranges::any_of(files,
                             [&](const std::string& file) { return tracefs.read(file).value_or("").starts_with('1'); });
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) lines.emplace_back(base::take_line(text));
  return lines;
}

}  // namespace

std::string_view name_of(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kprobe: return "kprobe";
    case ProbeKind::uprobe: return "uprobe";
    case ProbeKind::eprobe: return "eprobe";
    case ProbeKind::fprobe: return "fprobe";
    case ProbeKind::tprobe: return "tprobe";
  }
  return "";
}

std::optional<EventName> name_of_line(std::string_view line) {
  if (line.empty() || std::string_view("preft").find(line.front()) == std::string_view::npos) return std::nullopt;
  std::size_t colon = 1;
  while (colon < line.size() && std::isdigit(static_cast<unsigned char>(line[colon]))) ++colon;  // MAXACTIVE
  const std::size_t blank = line.find(' ');
  const std::size_t slash = line.find('/');
  if (colon >= line.size() || line[colon] != ':' || blank == std::string_view::npos || slash > blank)
    return std::nullopt;
  EventName name{std::string(line.substr(colon + 1, slash - colon - 1)),
                 std::string(line.substr(slash + 1, blank - slash - 1))};
  if (name.group.empty() || name.event.empty()) return std::nullopt;
  return name;
}

std::vector<Event> events_of(std::span<const std::string> lines) {
  std::vector<Event> events;
  std::map<EventName, std::size_t> seen;
  for (const std::string& line : lines) {
    const auto name = name_of_line(line);
    if (!name) continue;
    const auto [at, is_new] = seen.emplace(*name, events.size());
    if (is_new) events.push_back({.kind = kind_of_line(line), .name = *name});
    events[at->second].lines.push_back(line);
  }
  return events;
}

Result<std::vector<Event>> list_events(TraceFs& tracefs) {
  std::vector<Event> events;
  // The last file lists all kinds, but not every kernel has it.
  for (const char* const file : {"kprobe_events", "uprobe_events", "dynamic_events"}) {
    const Io<std::string> text = read_listing(tracefs, file);
    if (!text && text.error() == ENOENT) continue;
    if (!text) return fail(tracefs_error("cannot read", file, text.error()));
    for (Event& event : events_of(split_lines(*text)))
      if (file_of(event.kind) == file) events.push_back(std::move(event));
  }
  return events;
}

bool is_event_probe(TraceFs& tracefs, const EventName& name) {
  const std::string lines = tracefs.read(file_of(ProbeKind::eprobe)).value_or("");
  const std::string line = "e:" + name.group + "/" + name.event + " ";
  return lines.starts_with(line) || lines.contains("\n" + line);
}

std::optional<Event> find_event(std::span<const Event> events, const EventName& name) {
  const auto found = std::find_if(events.begin(), events.end(), [&](const Event& event) { return event.name == name; });
  if (found == events.end()) return std::nullopt;
  return *found;
}

std::expected<void, Refusal> add_events(TraceFs& tracefs, std::span<const std::string> lines) {
  std::vector<Event> added;
  const auto take_back = [&](Refusal refusal, std::size_t index) {
    for (const Event& event : added) (void)remove_event(tracefs, event);
    refusal.index = index;
    return std::unexpected(std::move(refusal));
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (auto refusal = check_line(tracefs, lines[i])) return take_back(std::move(*refusal), i);
    const Event ours{.kind = kind_of_line(lines[i]), .name = *name_of_line(lines[i])};
    const bool is_first = std::find(added.begin(), added.end(), ours) == added.end();
    if (is_first && tracefs.exists(directory_of(ours.name)))
      return take_back({.error_number = EEXIST, .line = lines[i]}, i);
    if (auto done = add_line(tracefs, lines[i]); !done) return take_back(std::move(done.error()), i);
    if (is_first) added.push_back(ours);
  }
  return {};
}

namespace {

// The kernel compares place and arguments with what it lists.
Io<void> remove_lines(TraceFs& tracefs, const Event& listed, const std::set<unsigned>& members) {
  for (const std::string& line : listed.lines) {
    if (!members.contains(probe::member_number(line).value_or(0))) continue;
    const std::string command = "-:" + listed.name.group + "/" + listed.name.event + line.substr(line.find(' ')) + "\n";
    if (const Io<void> removed = tracefs.write(file_of(listed.kind), command); !removed) return removed;
  }
  return {};
}

void take_back_member(TraceFs& tracefs, const std::string& line) {
  const auto events = list_events(tracefs);
  const auto event = events ? find_event(*events, *name_of_line(line)) : std::nullopt;
  if (event) (void)remove_lines(tracefs, *event, {probe::member_number(line).value_or(0)});
}

}  // namespace

std::expected<void, Refusal> add_member(TraceFs& tracefs, std::span<const std::string> lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto refusal = check_line(tracefs, lines[i]);
    if (!refusal)
      if (auto added = add_line(tracefs, lines[i]); !added) refusal = std::move(added.error());
    if (!refusal) continue;
    refusal->index = i;
    if (i > 0) take_back_member(tracefs, lines[i]);
    return std::unexpected(*std::move(refusal));
  }
  return {};
}

namespace {

// A uprobe is perf's or tracefs', never both: where it cannot be enabled perf has it. That is tried in an instance of
// our own, which stale ones are named like: in those of others, deleting the event would clear what was recorded.
bool is_used_by_perf(TraceFs& tracefs, const EventName& name) {
  const auto owner = this_process();
  const std::string instance = "instances/" + (owner ? group_of(*owner) : "dtp");
  if (!tracefs.make_directory(instance)) return false;
  const std::string file = instance + "/" + directory_of(name) + "/enable";
  const Io<void> enabled = tracefs.write(file, "1");
  if (enabled) (void)tracefs.write(file, "0");
  (void)tracefs.remove_directory(instance);
  return !enabled && enabled.error() == EINTR;
}

// Of several probes the kernel frees all but the last, and then looks whether the event is in use. If it is, and they
// are uprobes, the next hit makes it panic (seen on 6.1, 6.12).
bool is_in_use(TraceFs& tracefs, const Event& event) {
  if (is_enabled(tracefs, event.name)) return true;
  return event.kind == ProbeKind::uprobe && is_used_by_perf(tracefs, event.name);
}

}  // namespace

Io<void> remove_event(TraceFs& tracefs, const Event& event) {
  if (event.lines.size() > 1 && is_in_use(tracefs, event)) return std::unexpected(EBUSY);
  return tracefs.write(file_of(event.kind), "-:" + event.name.group + "/" + event.name.event + "\n");
}

Io<void> remove_probes(TraceFs& tracefs, const Event& listed, const std::set<unsigned>& members) {
  if (is_in_use(tracefs, listed)) return std::unexpected(EBUSY);
  return remove_lines(tracefs, listed, members);
}

Error removal_error(const EventName& name, int error_number) {
  if (error_number == EBUSY) {
    return {.what = "event '" + spell(name) + "' is in use",
            .hint = "stop what records it (perf, dtrace++, or an enabled events/" + name.group + "/" + name.event +
                    "/enable)"};
  }
  if (error_number == ENOENT) return {.what = "no event '" + spell(name) + "'", .hint = "see them with: dtrace++ list"};
  return tracefs_error("cannot delete", spell(name), error_number);
}

Result<EventName> free_name(TraceFs& tracefs, const EventName& name, bool force, const std::set<EventName>& members) {
  const auto is_free = [&](const EventName& one) {
    return !tracefs.exists(directory_of(one)) && !members.contains(one);
  };
  if (is_free(name)) return name;
  if (!force) return fail(to_error({.error_number = EEXIST, .line = "p:" + name.group + "/" + name.event + " "}));
  for (int suffix = 1; suffix <= last_suffix; ++suffix) {
    EventName next{name.group, name.event + "_" + std::to_string(suffix)};
    if (is_free(next)) return next;
  }
  return fail({.what = "events '" + spell(name) + "' to '" + spell(name) + "_1023' all exist",
               .hint = "delete some of them: dtrace++ delete '" + spell(name) + "_*'"});
}

namespace {

// This kernel lacks the kind.
std::string hint_without(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kprobe:
      return "user-space probes (-x FILE) and tracepoints may work here, see 'dtrace++ doctor'; kernel functions need "
             "a kernel with CONFIG_KPROBE_EVENTS, in a virtual machine for example";
    case ProbeKind::uprobe: return "user-space probes need a kernel with CONFIG_UPROBE_EVENTS";
    case ProbeKind::fprobe: return "leave out --fprobe: a kprobe does the same";
    case ProbeKind::tprobe: return "a tracepoint that has an event is SYSTEM:TRACEPOINT, with its fields";
    case ProbeKind::eprobe: return "name fields alone, which 'dtrace++ trace' takes from the tracepoint itself";
  }
  return "";
}

}  // namespace

std::optional<Refusal> find_missing_kind(TraceFs& tracefs, std::span<const std::string> lines) {
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (!tracefs.exists(file_of(kind_of_line(lines[i]))))
      return Refusal{.error_number = ENOSYS, .index = i, .line = lines[i]};
  return std::nullopt;
}

bool is_about_place(const Refusal& refusal) { return refusal.message == not_registered; }

std::string hint_for(const Refusal& refusal) {
  const EventName name = name_of_line(refusal.line).value_or(EventName{});
  switch (refusal.error_number) {
    case ENOSYS: return hint_without(kind_of_line(refusal.line));
    case EEXIST: return "take another name (-f finds one), or delete it first: dtrace++ delete " + spell(name);
    case EACCES:
    case EPERM: return "run as root: sudo dtrace++ ...";
    default: break;
  }
  if (refusal.message == "The symbol is not unique")
    return "several functions have this name: say FUNC@FILE or an address";
  if (is_about_place(refusal))
    return "the kernel may forbid probes in this function: see /sys/kernel/debug/kprobes/blacklist";
  return "";
}

Error to_error(const Refusal& refusal) {
  Error error{.hint = hint_for(refusal), .detail = refusal.line + " (" + ::strerror(refusal.error_number) + ")"};
  switch (refusal.error_number) {
    case ENOSYS:
      error.what = "this kernel has no " + std::string(name_of(kind_of_line(refusal.line))) + "s";
      error.status = Status::not_possible;
      return error;
    case EEXIST:
      error.what = "event '" + spell(name_of_line(refusal.line).value_or(EventName{})) + "' already exists";
      return error;
    case EACCES:
    case EPERM:
      error.what = "tracing is not permitted for this user";
      error.status = Status::not_possible;
      return error;
    default: break;
  }
  const std::string reason = refusal.message.empty() ? ::strerror(refusal.error_number) : refusal.message;
  error.what = "the kernel refuses the probe: " + lower_first(reason);
  if (!refusal.message.empty()) {
    const std::size_t end = std::min(refusal.line.find(' ', refusal.column), refusal.line.size());
    error.where = Where{"definition", refusal.line, {refusal.column, end}};
  }
  return error;
}

bool matches(const EventName& name, const std::string& pattern) {
  const std::string& whole = pattern.contains(':') ? spell(name) : name.event;
  return base::matches_pattern(pattern, whole);
}

namespace {

// "name, size": the fields that a filter of this event may use.
std::string field_names(TraceFs& tracefs, const EventName& name) {
  const std::string format = tracefs.read("events/" + name.group + "/" + name.event + "/format").value_or("");
  std::string names;
  for (std::size_t at = format.find("field:"); at != std::string::npos; at = format.find("field:", at + 1)) {
    const std::string declaration = format.substr(at, format.find(';', at) - at);
    std::string field = declaration.substr(declaration.find_last_of(" *") + 1);
    field = field.substr(0, field.find('['));
    if (!field.starts_with("common_")) names += (names.empty() ? "" : ", ") + field;
  }
  return names;
}

}  // namespace

Error refused_filter(TraceFs& tracefs, const EventName& name, const std::string& filter, int error_number) {
  const std::string fields = field_names(tracefs, name);
  return {.what = "the kernel refuses the filter of '" + spell(name) + "'",
          .where = Where{"filter", filter, {0, filter.size()}},
          .hint = fields.empty() ? "" : "its fields: " + fields,
          .detail = base::system_error("cannot set the filter of", spell(name), error_number).what,
          .status = Status::wrong_request};
}

}  // namespace dtp::kernel
