#include "kernel/standing.h"

#include <algorithm>
#include <cerrno>
#include <map>

#include "kernel/lease.h"
#include "probe/shared.h"

namespace dtp::kernel {

KnownEvent recognise(const Event& event, const Registry& registry) {
  KnownEvent recognised{.event = event, .known = registry.find(event), .owner = owner_of(event.name.group)};
  if (recognised.known) recognised.standing = Standing::asked_for;
  if (const auto lease = lease_of_group(event.name.group)) {
    recognised.standing = Standing::armed;
    recognised.lease = *lease;
  }
  if (recognised.owner) recognised.standing = is_alive(*recognised.owner) ? Standing::in_use : Standing::left_over;
  return recognised;
}

namespace {

void add_known(const KnownEvent& recognised, std::vector<KnownEvent>& known) {
  if (!recognised.known || recognised.known->members.empty()) {
    known.push_back(recognised);
    return;
  }
  const auto kept = std::make_shared<const Event>(recognised.event);
  const Event& shared = *kept;
  std::map<unsigned, std::vector<std::string>> lines;
  for (const std::string& line : shared.lines) lines[probe::member_number(line).value_or(0)].push_back(line);
  for (const KnownMember& member : recognised.known->members) {
    KnownEvent one = {.event = {.kind = shared.kind, .name = {shared.name.group, member.event}},
                      .standing = recognised.standing,
                      .known = KnownProbe{.request = member.request, .fields = recognised.known->fields},
                      .owner = recognised.owner,
                      .member = member.number,
                      .shared = kept};
    one.known->name = one.event.name;
    for (const std::string& line : lines[member.number]) one.event.lines.push_back(probe::alone(line, member.event));
    known.push_back(std::move(one));
  }
}

}  // namespace

Result<std::vector<KnownEvent>> list_known_events(TraceFs& tracefs, const Registry& registry) {
  DTP_TRY(const std::vector<Event> events, list_events(tracefs));
  std::vector<KnownEvent> known;
  for (const Event& event : events) add_known(recognise(event, registry), known);
  std::stable_sort(known.begin(), known.end(),
                   [](const KnownEvent& a, const KnownEvent& b) { return a.standing < b.standing; });
  return known;
}

Io<void> remove_members(TraceFs& tracefs, const Registry& registry, const Event& shared,
                        const std::set<unsigned>& numbers) {
  auto known = registry.find(shared);
  if (!known) return std::unexpected(ENOENT);
  std::erase_if(known->members, [&](const KnownMember& member) { return numbers.contains(member.number); });
  const bool is_last = known->members.empty();
  const Io<void> removed = is_last ? remove_event(tracefs, shared) : remove_probes(tracefs, shared, numbers);
  if (!removed) return removed;
  Event left = shared;
  std::erase_if(left.lines,
                [&](const std::string& line) { return numbers.contains(probe::member_number(line).value_or(0)); });
  if (is_last)
    registry.forget(shared.name);
  else
    registry.save(*known, left);
  return {};
}

}  // namespace dtp::kernel
