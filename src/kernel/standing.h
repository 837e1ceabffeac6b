// Whose an event is, as far as dtrace++ can tell.
#pragma once

#include <optional>

#include "kernel/events.h"
#include "kernel/owner.h"
#include "kernel/registry.h"

namespace dtp::kernel {

enum class Standing {
  asked_for,  // made by `dtrace++ probe`, unchanged since
  in_use,     // of a dtrace++ that runs
  left_over,  // of a dtrace++ that was killed
  foreign,    // of somebody else, or not known any more
};

struct KnownEvent {
  Event event = {};
  Standing standing = Standing::foreign;
  std::optional<KnownProbe> known = {};  // asked_for
  std::optional<Owner> owner = {};       // in_use, left_over
};

KnownEvent recognise(const Event& event, const Registry& registry);
// All of list_events(), those of dtrace++ first.
Result<std::vector<KnownEvent>> list_known_events(TraceFs& tracefs, const Registry& registry);

}  // namespace dtp::kernel
