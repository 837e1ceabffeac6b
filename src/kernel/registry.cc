#include "kernel/registry.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "base/file.h"

namespace dtp::kernel {
namespace {

constexpr std::string_view first_line = "dtrace++ probe 1";

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\n' || c == '\r' ? ' ' : c;
  return out;
}

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view piece = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return piece;
}

// Names of events are identifiers; anything else never came from here and must not become a path.
bool is_plain(std::string_view name) {
  return !name.empty() && name.find_first_of("/\n") == std::string_view::npos && !name.starts_with('.');
}

std::string path_of(const std::string& directory, const EventName& name) {
  return directory + "/" + name.group + ":" + name.event;
}

// Like mkdir -p, closed to others.
void make_directories(const std::string& path) {
  for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    (void)::mkdir(path.substr(0, at).c_str(), 0700);
    if (at == std::string::npos) return;
  }
}

// Whoever could write here could make us show one thing for another.
bool is_trusted(const std::string& path) {
  struct stat status = {};
  return ::lstat(path.c_str(), &status) == 0 && status.st_uid == ::geteuid() && (status.st_mode & 022) == 0;
}

}  // namespace

std::string format_known(const KnownProbe& probe) {
  std::string out(first_line);
  out += "\nevent " + probe.name.group + " " + probe.name.event + "\nrequest " + one_line(probe.request) + "\n";
  for (const std::string& line : probe.lines) out += "line " + one_line(line) + "\n";
  for (const KnownField& field : probe.fields) {
    out += "field " + field.name + " " +
           (field.display == path::Display::none ? "-" : std::string(path::name_of(field.display))) + " " +
           one_line(field.c_type) + "\n";
  }
  for (const KnownMember& member : probe.members)
    out += "member " + std::to_string(member.number) + " " + member.event + " " + one_line(member.request) + "\n";
  return out;
}

std::optional<KnownProbe> parse_known(std::string_view text) {
  if (!text.ends_with('\n') || take_until(text, '\n') != first_line) return std::nullopt;
  KnownProbe probe;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    const std::string_view key = take_until(line, ' ');
    if (key == "event") {
      probe.name.group = take_until(line, ' ');
      probe.name.event = line;
    } else if (key == "request") {
      probe.request = line;
    } else if (key == "line") {
      probe.lines.emplace_back(line);
    } else if (key == "field") {
      KnownField field{.name = std::string(take_until(line, ' '))};
      field.display = path::display_of(take_until(line, ' '));  // "-", or one of a later version: shown plainly
      field.c_type = line;
      probe.fields.push_back(std::move(field));
    } else if (key == "member") {
      KnownMember member;
      const std::string_view number = take_until(line, ' ');
      std::from_chars(number.data(), number.data() + number.size(), member.number);
      member.event = take_until(line, ' ');
      member.request = line;
      probe.members.push_back(std::move(member));
    }
  }
  return probe;
}

bool Registry::is_usable() const {
  make_directories(directory_);
  return is_trusted(directory_) && ::access(directory_.c_str(), W_OK) == 0;
}

void Registry::save(const KnownProbe& probe, const Event& listed) const {
  if (!is_plain(probe.name.group) || !is_plain(probe.name.event)) return;
  if (!is_usable()) return;
  KnownProbe known = probe;
  known.lines = listed.lines;
  const std::string path = path_of(directory_, probe.name);
  const std::string draft = path + "." + std::to_string(::getpid());
  {
    const auto fd = base::open_file(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (!fd) return;
    if (!base::write_all(fd->get(), format_known(known), draft)) {
      ::unlink(draft.c_str());
      return;
    }
  }
  if (::rename(draft.c_str(), path.c_str()) != 0) ::unlink(draft.c_str());
}

std::optional<KnownProbe> Registry::find(const Event& listed) const {
  if (!is_plain(listed.name.group) || !is_plain(listed.name.event) || !is_trusted(directory_)) return std::nullopt;
  const auto text = base::read_file(path_of(directory_, listed.name));
  if (!text) return std::nullopt;
  auto known = parse_known(*text);
  if (!known || known->name != listed.name || known->lines != listed.lines) return std::nullopt;
  return known;
}

void Registry::forget(const EventName& name) const {
  if (is_plain(name.group) && is_plain(name.event)) ::unlink(path_of(directory_, name).c_str());
}

}  // namespace dtp::kernel
