#include "kernel/missed.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "base/lines.h"

namespace dtp::kernel {
namespace {

struct ProfileLine {
  std::string event = {};
  std::uint64_t hits = 0;
  std::uint64_t missed = 0;
};

std::vector<ProfileLine> parse_profile(std::string_view text) {
  std::vector<ProfileLine> lines;
  std::istringstream in{std::string(text)};
  for (ProfileLine line; in >> line.event >> line.hits >> line.missed;) lines.push_back(line);
  return lines;
}

std::vector<EventName> parse_names(std::string_view text) {
  std::vector<EventName> names;
  while (!text.empty()) names.push_back(name_of_line(base::take_line(text)).value_or(EventName{}));
  return names;
}

}  // namespace

std::uint64_t sum_missed(std::string_view kprobe_events, std::string_view kprobe_profile,
                         std::span<const EventName> events) {
  const std::vector<EventName> names = parse_names(kprobe_events);
  const std::vector<ProfileLine> lines = parse_profile(kprobe_profile);
  if (names.size() != lines.size()) return 0;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool is_asked = std::find(events.begin(), events.end(), names[i]) != events.end();
    if (is_asked && names[i].event == lines[i].event) sum += lines[i].missed;
  }
  return sum;
}

std::uint64_t read_missed(TraceFs& tracefs, std::span<const EventName> events) {
  const Io<std::string> definitions = tracefs.read("kprobe_events");
  const Io<std::string> profile = tracefs.read("kprobe_profile");
  if (!definitions || !profile) return 0;
  return sum_missed(*definitions, *profile, events);
}

}  // namespace dtp::kernel
