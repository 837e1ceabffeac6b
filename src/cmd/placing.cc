#include "cmd/placing.h"

#include <fmt/format.h>

#include <utility>

#include "base/pattern.h"
#include "cmd/tracepoint.h"
#include "debug/find.h"

namespace dtp::cmd {

using recipe::Probe;
using recipe::Recipe;
using recipe::Settings;

std::vector<FilledAttempt> fill_attempts(const Probe& probe, const Settings& settings, const TargetOptions& base) {
  std::vector<FilledAttempt> attempts;
  for (const recipe::Attempt& attempt : probe.attempts) {
    if (!attempt.only.empty() && !settings.is_set(attempt.only)) continue;
    if (attempt.hz != 0) {
      attempts.push_back({.attempt = &attempt, .target = base});
      continue;
    }
    FilledAttempt filled{.attempt = &attempt, .probe = settings.fill(attempt.probe), .target = base};
    filled.target.executable = settings.fill(attempt.program);
    filled.target.module = settings.fill(attempt.module);
    if (!filled.target.executable.empty() || !filled.target.module.empty()) filled.target.vmlinux.clear();
    filled.target.is_live = true;
    filled.why_not = settings.missing_in(attempt.program);
    if (!attempt.kernel.empty() && !base::matches_pattern(attempt.kernel, debug::kernel_release()))
      filled.why_not =
          Error{.what = fmt::format("this is for kernels {}; this one is {}", attempt.kernel, debug::kernel_release()),
                .where = attempt.where,
                .status = Status::not_possible};
    attempts.push_back(std::move(filled));
  }
  return attempts;
}

namespace {

// `probe` of `recipe` has no way here; what each of them met rides along.
Error not_placed(const Recipe& recipe, const Probe& probe, std::vector<Error> reasons) {
  // Several ways may lack the same program.
  const auto is_same = [](const Error& one, const Error& other) { return one.what == other.what; };
  reasons.erase(std::ranges::unique(reasons, is_same).begin(), reasons.end());
  if (reasons.size() == 1) return std::move(reasons.front());
  Error error{.what = fmt::format("none of the {} ways of '{}' to probe for '{}' works here", reasons.size(),
                                  recipe.name, probe.name),
              .status = Status::not_possible};
  error.also = std::move(reasons);
  return error;
}

Result<Placed> place_attempt(kernel::TraceFs& tracefs, const Probe& probe, const FilledAttempt& attempt,
                             const Settings& settings, const Placement& placement, const Common& common) {
  Placed placed{.probe = &probe, .compilation = std::make_unique<Compilation>()};
  if (attempt.attempt->hz != 0) {
    placed.watched = {watch_clock(attempt.attempt->hz)};
    return placed;
  }
  DTP_TRY(*placed.compilation, compile(attempt.target, {attempt.probe}, placement.group));
  for (Compiled& compiled : placed.compilation->events)
    if (!is_plain_tracepoint(compiled))
      for (std::string& line : compiled.lines) line += placement.more;
  DTP_TRY(placed.armed, arm(tracefs, *placed.compilation, attempt.target, common));
  DTP_TRY(placed.watched, watch(tracefs, placed.armed, settings.fill_filter(probe.filter)));
  return placed;
}

Result<Placed> place(kernel::TraceFs& tracefs, const Recipe& recipe, const Probe& probe, const Settings& settings,
                     const TargetOptions& base, const Placement& placement, const Common& common) {
  std::vector<Error> reasons;
  for (const FilledAttempt& attempt : fill_attempts(probe, settings, base)) {
    if (attempt.why_not) {
      reasons.push_back(*attempt.why_not);
      continue;
    }
    auto placed = place_attempt(tracefs, probe, attempt, settings, placement, common);
    if (placed) return placed;
    reasons.push_back(std::move(placed.error()));
  }
  return fail(not_placed(recipe, probe, std::move(reasons)));
}

}  // namespace

Result<std::vector<Placed>> place_all(kernel::TraceFs& tracefs, const Recipe& recipe, const Settings& settings,
                                      const TargetOptions& base, const Placement& placement, const Common& common) {
  std::vector<Placed> placed;
  for (const Probe& probe : recipe.probes) {
    auto one = place(tracefs, recipe, probe, settings, base, placement, common);
    if (one)
      placed.push_back(std::move(*one));
    else if (!probe.is_optional)
      return std::unexpected(one.error());
    else if (common.verbose)
      fmt::print(stderr, "left out '{}': {}\n", probe.name, one.error().what);
  }
  return placed;
}

}  // namespace dtp::cmd
