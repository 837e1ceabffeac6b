#include "cmd/share.h"

#include <algorithm>
#include <map>

#include "probe/shared.h"

namespace dtp::cmd {
namespace {

// Of fewer the waiting is not noticed, and whoever looks into tracefs finds each under its own name.
constexpr std::size_t least_shared = 8;

// Empty: it shares with nobody.
std::string signature_of(const Compiled& compiled) {
  std::string signature = compiled.lines.empty() ? "" : probe::signature_of(compiled.lines.front());
  const auto differs = [&](const std::string& line) { return probe::signature_of(line) != signature; };
  if (signature.empty() || std::ranges::any_of(compiled.lines, differs)) return "";
  for (const path::Field& field : compiled.plan.points.front().fields)
    signature += " " + std::string(path::name_of(field.display));
  return signature;
}

std::string free_shared(kernel::TraceFs& tracefs, const std::string& group, unsigned& last) {
  std::string event;
  do event = std::string(probe::shared_prefix) + std::to_string(++last);
  while (tracefs.exists("events/" + group + "/" + event));
  return event;
}

}  // namespace

void share_events(kernel::TraceFs& tracefs, std::vector<Compiled>& events) {
  std::map<std::string, std::vector<Compiled*>> alike;
  for (Compiled& compiled : events)
    if (std::string signature = signature_of(compiled); !signature.empty())
      alike[std::move(signature)].push_back(&compiled);
  unsigned last = 0;
  for (auto& [signature, members] : alike) {
    if (members.size() < least_shared || members.size() > probe::most_members) continue;
    // What a glob chooses of them are few ranges of numbers then.
    std::ranges::sort(members, {}, [](const Compiled* member) { return std::string_view(member->plan.event); });
    const std::string shared = free_shared(tracefs, members.front()->plan.group, last);
    for (unsigned number = 1; Compiled* const member : members) {
      for (std::string& line : member->lines) line = probe::as_member(line, shared, number);
      member->member = number++;
    }
  }
}

kernel::EventName kernel_name(const Compiled& compiled) {
  return kernel::name_of_line(compiled.lines.front()).value_or(kernel::EventName{});
}

}  // namespace dtp::cmd
