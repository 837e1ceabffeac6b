// Whose an event is, as far as dtrace++ can tell.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "kernel/events.h"
#include "kernel/owner.h"
#include "kernel/registry.h"

namespace dtp::kernel {

enum class Standing {
  asked_for,  // made by `dtrace++ probe`, unchanged since
  in_use,     // of a dtrace++ that runs
  armed,      // until it is collected, or its lease (lease.h) ends
  left_over,  // of a dtrace++ that was killed
  foreign,    // of somebody else, or not known any more
};

struct KnownEvent {
  Event event = {};
  Standing standing = Standing::foreign;
  std::optional<KnownProbe> known = {};      // asked_for
  std::optional<Owner> owner = {};           // in_use, left_over
  std::string lease = {};                    // armed: its name
  unsigned member = 0;                       // its number where it shares the kernel's event; 0: it is that
  std::shared_ptr<const Event> shared = {};  // which one; `event` is as if it were alone
};

KnownEvent recognise(const Event& event, const Registry& registry);
// All of list_events(), those of dtrace++ first; of one that is shared the members that are known.
Result<std::vector<KnownEvent>> list_known_events(TraceFs& tracefs, const Registry& registry);

// Removes members of a shared event, and the event with the last of them. It must not be in use (EBUSY).
Io<void> remove_members(TraceFs& tracefs, const Registry& registry, const Event& shared,
                        const std::set<unsigned>& numbers);

}  // namespace dtp::kernel
