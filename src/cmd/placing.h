// The probes of a recipe on this machine: by the first way that it takes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cmd/armed.h"
#include "cmd/compile.h"
#include "recipe/recipe.h"
#include "recipe/settings.h"

namespace dtp::cmd {

// An attempt with the parameters put in.
struct FilledAttempt {
  const recipe::Attempt* attempt = nullptr;
  std::string probe = {};
  TargetOptions target = {};
  std::optional<Error> why_not = {};  // it is not tried here; none: it is
};
std::vector<FilledAttempt> fill_attempts(const recipe::Probe& probe, const recipe::Settings& settings,
                                         const TargetOptions& base);

// A probe of a recipe as this machine has it.
struct Placed {
  const recipe::Probe* probe = nullptr;
  std::unique_ptr<Compilation> compilation = {};  // where it is, for `armed` points into it
  Armed armed = {};
  std::vector<WatchedEvent> watched = {};
};
struct Placement {
  std::string group = {};  // of the events
  std::string more = {};   // what probes of our own fetch besides: the end of a tracefs definition
};
// Each by the first way that this machine takes; those that are optional may be left out.
Result<std::vector<Placed>> place_all(kernel::TraceFs& tracefs, const recipe::Recipe& recipe,
                                      const recipe::Settings& settings, const TargetOptions& base,
                                      const Placement& placement, const Common& common);

}  // namespace dtp::cmd
