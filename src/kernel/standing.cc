#include "kernel/standing.h"

#include <algorithm>

namespace dtp::kernel {

KnownEvent recognise(const Event& event, const Registry& registry) {
  KnownEvent recognised{.event = event, .known = registry.find(event), .owner = owner_of(event.name.group)};
  if (recognised.known) recognised.standing = Standing::asked_for;
  if (recognised.owner) recognised.standing = is_alive(*recognised.owner) ? Standing::in_use : Standing::left_over;
  return recognised;
}

Result<std::vector<KnownEvent>> list_known_events(TraceFs& tracefs, const Registry& registry) {
  DTP_TRY(const std::vector<Event> events, list_events(tracefs));
  std::vector<KnownEvent> known;
  for (const Event& event : events) known.push_back(recognise(event, registry));
  std::stable_sort(known.begin(), known.end(),
                   [](const KnownEvent& a, const KnownEvent& b) { return a.standing < b.standing; });
  return known;
}

}  // namespace dtp::kernel
