#include "kernel/profile.h"

#include <algorithm>
#include <string>

#include "base/lines.h"
#include "base/number.h"
#include "probe/shared.h"

namespace dtp::kernel {
namespace {

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty())
    if (const std::string_view line = base::take_line(text); !line.empty()) lines.push_back(line);
  return lines;
}

// The last word of the line, which is cut off.
std::string_view take_last(std::string_view& line) {
  line = line.substr(0, line.find_last_not_of(' ') + 1);
  const std::string_view word = line.substr(line.find_last_of(' ') + 1);
  line.remove_suffix(word.size());
  return word;
}

// "  EVENT  HITS  MISSED" of kprobes, "  FILE  EVENT  HITS" of uprobes, whose file may have blanks.
bool parse_line(std::string_view line, bool is_uprobe, std::string_view event, Profile& profile) {
  if (!is_uprobe && !base::read_number(take_last(line), profile.missed)) return false;
  return base::read_number(take_last(line), profile.hits) && take_last(line) == event;
}

}  // namespace

void add_profile(std::string_view definitions, std::string_view profile, std::span<const EventName> events,
                 std::vector<Profile>& profiles) {
  const auto defined = split_lines(definitions);
  const auto counted = split_lines(profile);
  if (defined.size() != counted.size()) return;
  for (std::size_t i = 0; i < defined.size(); ++i) {
    const auto name = name_of_line(defined[i]);
    const auto event = name ? std::ranges::find(events, *name) : events.end();
    if (event == events.end()) continue;
    Profile one;
    const bool is_uprobe = counted[i].find('/') != std::string_view::npos;
    if (!parse_line(counted[i], is_uprobe, name->event, one)) continue;
    Profile& sum = profiles[static_cast<std::size_t>(event - events.begin())];
    sum.is_known = true;
    sum.is_return |= defined[i].starts_with('r');
    sum.hits += one.hits;
    sum.missed += one.missed;
    if (const auto number = probe::member_number(defined[i])) {
      sum.members[*number].hits += one.hits;
      sum.members[*number].missed += one.missed;
    }
  }
}

Profile operator-(Profile now, const Profile& before) {
  now.is_known = now.is_known && before.is_known;
  now.hits -= before.hits;
  now.missed -= before.missed;
  for (auto& [number, count] : now.members) {
    const auto then = before.members.find(number);
    if (then == before.members.end()) continue;
    count.hits -= then->second.hits;
    count.missed -= then->second.missed;
  }
  return now;
}

std::vector<Profile> read_profiles(TraceFs& tracefs, std::span<const EventName> events) {
  std::vector<Profile> profiles(events.size());
  for (const std::string kind : {"kprobe", "uprobe"}) {
    const Io<std::string> definitions = tracefs.read(kind + "_events");
    const Io<std::string> profile = tracefs.read(kind + "_profile");
    if (definitions && profile) add_profile(*definitions, *profile, events, profiles);
  }
  return profiles;
}

}  // namespace dtp::kernel
