// From what the user asked to be armed to a lease, and back when it is collected.
#pragma once

#include <cstdint>
#include <string>

#include "cmd/answering.h"
#include "kernel/lease.h"
#include "recipe/recipe.h"
#include "recipe/settings.h"

namespace dtp::cmd {

struct Asked {
  recipe::Recipe recipe = {};  // made of the words where a probe was asked for
  recipe::Settings settings = {};
  // The records themselves are wanted.
  bool is_plain() const { return recipe.answer.columns.empty(); }
};
Result<Asked> read_asked(const kernel::Lease& lease);

kernel::LeasedEvent to_leased(const ServingEvent& serving);
// The event must be the one that was armed.
Result<WatchedEvent> watch_leased(kernel::TraceFs& tracefs, const kernel::LeasedEvent& leased);

// The lease of that name, and nobody else's work on it meanwhile.
Result<kernel::HeldLease> find_lease(const kernel::Leases& leases, const std::string& name);

// "2h 03m", "5m 12s", "42s"
std::string spell_seconds(std::uint64_t seconds);
// "21:15:03", with the day where it is not today.
std::string clock_text(std::int64_t seconds_from_now);

}  // namespace dtp::cmd
