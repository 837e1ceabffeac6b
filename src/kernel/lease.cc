#include "kernel/lease.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "base/lines.h"
#include "base/number.h"

namespace dtp::kernel {
namespace {

constexpr std::string_view first_line = "dtrace++ lease 1";
constexpr std::string_view last_line = "end";
constexpr std::string_view prefix = "dtp_armed_";
constexpr std::size_t longest_name = 40;  // the kernel has 64 for a group
constexpr off_t most_bytes = 8 << 20;

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

void add_lines(std::string& out, std::string_view key, std::string_view text) {
  while (!text.empty()) {
    out += key;
    out += ' ';
    out += base::take_line(text);
    out += '\n';
  }
}

void add_event(std::string& out, const LeasedEvent& event) {
  out += "event " + event.name.group + " " + event.name.event + " " + event.group + "\n";
  for (const std::string& probe : event.probes) out += "probe " + one_line(probe) + "\n";
  if (!event.filter.empty()) out += "filter " + one_line(event.filter) + "\n";
  add_lines(out, "format", event.format);
  for (const auto& [field, name] : event.shown) out += "show " + field + " " + name + "\n";
  for (const KnownMember& member : event.members)
    out += "member " + std::to_string(member.number) + " " + member.event + " " + one_line(member.request) + "\n";
}

// False: the line is none of an event.
bool parse_event_line(std::string_view key, std::string_view rest, std::vector<LeasedEvent>& events) {
  if (key == "event") {
    LeasedEvent event;
    event.name.group = base::take_until(rest, ' ');
    event.name.event = base::take_until(rest, ' ');
    event.group = rest;
    events.push_back(std::move(event));
    return true;
  }
  if (events.empty()) return false;
  LeasedEvent& event = events.back();
  if (key == "probe") {
    event.probes.emplace_back(rest);
  } else if (key == "filter") {
    event.filter = rest;
  } else if (key == "format") {
    event.format.append(rest).push_back('\n');
  } else if (key == "show") {
    const std::string_view field = base::take_until(rest, ' ');
    event.shown.emplace_back(field, rest);
  } else if (key == "member") {
    std::uint64_t number = 0;
    if (!base::read_number(base::take_until(rest, ' '), number) || number > UINT16_MAX) return false;
    const std::string_view name = base::take_until(rest, ' ');
    event.members.push_back({static_cast<unsigned>(number), std::string(name), std::string(rest)});
  } else {
    return false;
  }
  return true;
}

bool parse_line(std::string_view key, std::string_view rest, Lease& lease) {
  if (key == "name") {
    lease.name = rest;
  } else if (key == "what") {
    lease.what = rest;
  } else if (key == "counts") {
    lease.counts = true;
  } else if (key == "since") {
    return base::read_number(rest, lease.since_s);
  } else if (key == "until") {
    return base::read_number(rest, lease.until_s);
  } else if (key == "ring") {
    return base::read_number(rest, lease.ring_bytes);
  } else if (key == "recipe") {
    lease.recipe_file = rest;
  } else if (key == "text") {
    lease.recipe.append(rest).push_back('\n');
  } else if (key == "word") {
    lease.words.emplace_back(rest);
  } else if (key == "option") {
    const std::string_view option = base::take_until(rest, ' ');
    lease.options.emplace_back(option, rest);
  } else {
    return parse_event_line(key, rest, lease.events);
  }
  return true;
}

// Closed to others, all the way.
void make_directories(const std::string& path) {
  for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    (void)::mkdir(path.substr(0, at).c_str(), 0700);
    if (at == std::string::npos) return;
  }
}

bool is_of_us_alone(const struct stat& status) { return status.st_uid == ::geteuid() && (status.st_mode & 077) == 0; }

bool is_trusted_directory(const std::string& path) {
  struct stat status = {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && is_of_us_alone(status);
}

bool is_trusted_file(int fd) {
  struct stat status = {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && is_of_us_alone(status) &&
         status.st_size <= most_bytes && status.st_nlink == 1;
}

std::string read_all(int fd) {
  std::string text;
  char piece[4096];
  for (ssize_t got = 0; (got = ::pread(fd, piece, sizeof piece, static_cast<off_t>(text.size()))) > 0;)
    text.append(piece, static_cast<std::size_t>(got));
  return text;
}

}  // namespace

std::string plain_name(std::string_view name) {
  std::string text(name);
  std::ranges::replace(text, '-', '_');
  return text;
}

std::string format_lease(const Lease& lease) {
  std::string out(first_line);
  out += "\nname " + lease.name + "\nwhat " + one_line(lease.what) + "\n";
  if (lease.counts) out += "counts\n";
  out += "since " + std::to_string(lease.since_s) + "\nuntil " + std::to_string(lease.until_s) + "\nring " +
         std::to_string(lease.ring_bytes) + "\n";
  if (!lease.recipe.empty()) out += "recipe " + one_line(lease.recipe_file) + "\n";
  add_lines(out, "text", lease.recipe);
  for (const std::string& word : lease.words) out += "word " + one_line(word) + "\n";
  for (const auto& [option, value] : lease.options) out += "option " + option + " " + one_line(value) + "\n";
  for (const LeasedEvent& event : lease.events) add_event(out, event);
  if (lease.is_whole) out.append(last_line).push_back('\n');
  return out;
}

std::optional<Lease> parse_lease(std::string_view text) {
  if (base::take_line(text) != first_line) return std::nullopt;
  Lease lease;
  while (!text.empty()) {
    std::string_view line = base::take_line(text);
    if (line == last_line) {
      lease.is_whole = true;
      return text.empty() ? std::optional(std::move(lease)) : std::nullopt;
    }
    const std::string_view key = base::take_until(line, ' ');
    if (!parse_line(key, line, lease)) return std::nullopt;
  }
  return lease;
}

std::string group_of_lease(std::string_view name) { return std::string(prefix) + plain_name(name); }

std::optional<std::string> lease_of_group(std::string_view group) {
  if (!group.starts_with(prefix)) return std::nullopt;
  group.remove_prefix(prefix.size());
  return is_lease_name(group) ? std::optional<std::string>(group) : std::nullopt;
}

bool is_lease_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_name && is_letter_or_digit(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
}

std::uint64_t seconds_since_boot() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return static_cast<std::uint64_t>(time.tv_sec);
}

Result<void> HeldLease::save() const {
  const std::string text = format_lease(lease);
  if (::ftruncate(fd_.get(), 0) != 0 || ::lseek(fd_.get(), 0, SEEK_SET) != 0)
    return fail(base::system_error("cannot write", path_, errno));
  return base::write_all(fd_.get(), text, path_);
}

std::string Leases::path_of(std::string_view name) const { return directory_ + "/" + plain_name(name); }

Result<HeldLease> Leases::create(const std::string& name) const {
  make_directories(directory_);
  if (!is_trusted_directory(directory_))
    return fail({.what = "'" + directory_ + "' is not a directory that only this user can look into",
                 .hint = "run as root, who remembers there what is armed: sudo dtrace++ ...",
                 .status = Status::not_possible});
  const std::string path = path_of(name);
  base::Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd && errno == EEXIST)
    return fail({.what = "'" + name + "' is armed already",
                 .hint = "take another name (--name), or collect it first: dtrace++ collect " + name,
                 .status = Status::wrong_request});
  if (!fd) return fail(base::system_error("cannot write", path, errno));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return fail(base::system_error("cannot lock", path, errno));
  HeldLease held(std::move(fd), path);
  held.lease.name = name;
  return held;
}

std::optional<HeldLease> Leases::open(const std::string& path) const {
  base::Fd fd(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd || !is_trusted_directory(directory_) || !is_trusted_file(fd.get())) return std::nullopt;
  HeldLease held(std::move(fd), path);
  auto lease = parse_lease(read_all(held.fd_.get()));
  // The file's name is what counts: what it says of itself may be cut off.
  held.lease = lease ? std::move(*lease) : Lease{};
  const std::string name = path.substr(directory_.size() + 1);
  if (plain_name(held.lease.name) != name) held.lease = {.name = name};
  return held;
}

Result<std::optional<HeldLease>> Leases::hold(const std::string& name) const {
  auto held = open(path_of(name));
  if (!held) return std::optional<HeldLease>();
  if (::flock(held->fd_.get(), LOCK_EX | LOCK_NB) != 0)
    return fail({.what = "another dtrace++ is at work on '" + name + "'", .hint = "wait until it has ended"});
  // It may have been forgotten meanwhile.
  struct stat status = {};
  if (::fstat(held->fd_.get(), &status) != 0 || status.st_nlink == 0) return std::optional<HeldLease>();
  return held;
}

std::vector<Lease> Leases::list() const {
  std::vector<Lease> leases;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    if (!is_lease_name(entry.path().filename().string())) continue;
    if (auto held = open(entry.path().string())) leases.push_back(std::move(held->lease));
  }
  std::ranges::sort(leases, {}, &Lease::name);
  return leases;
}

void Leases::forget(const HeldLease& held) const { ::unlink(held.path_.c_str()); }

Result<void> remove_leased(TraceFs& tracefs, const std::string& name) {
  const std::string group = group_of_lease(name);
  const std::string instance = "instances/" + group;
  // It has the events enabled, and holds them.
  if (const auto removed = tracefs.remove_directory(instance); !removed && removed.error() != ENOENT)
    return fail(tracefs_error("cannot remove", instance, removed.error()));
  DTP_TRY(const std::vector<Event> events, list_events(tracefs));
  for (const Event& event : events) {
    if (event.name.group != group) continue;
    if (const auto removed = remove_event(tracefs, event); !removed && removed.error() != ENOENT)
      return fail(removal_error(event.name, removed.error()));
  }
  return {};
}

std::vector<std::string> remove_expired(TraceFs& tracefs, const Leases& leases) {
  std::vector<std::string> removed;
  for (const Lease& listed : leases.list()) {
    if (listed.is_whole && !has_expired(listed)) continue;
    auto held = leases.hold(listed.name);
    const bool has_ended = held && *held && (!(*held)->lease.is_whole || has_expired((*held)->lease));
    if (!has_ended || !remove_leased(tracefs, listed.name)) continue;
    leases.forget(**held);
    removed.push_back(listed.name);
  }
  return removed;
}

std::vector<std::string> leases_without_file(TraceFs& tracefs, const Leases& leases) {
  std::set<std::string> names;
  for (const std::string& instance : tracefs.list("instances").value_or(std::vector<std::string>{}))
    if (auto name = lease_of_group(instance)) names.insert(std::move(*name));
  if (const auto events = list_events(tracefs))
    for (const Event& event : *events)
      if (auto name = lease_of_group(event.name.group)) names.insert(std::move(*name));
  for (const Lease& lease : leases.list()) names.erase(plain_name(lease.name));
  return {names.begin(), names.end()};
}

}  // namespace dtp::kernel
