// dtrace++ armed: what is armed, and removing what has ended.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cmd/columns.h"
#include "cmd/command.h"
#include "cmd/json_object.h"
#include "cmd/leasing.h"
#include "cmd/output_format.h"
#include "kernel/leased_instance.h"

namespace dtp::cmd {
namespace {

struct Options {
  bool cleans = false;
  std::string format = "text";
};

std::uint64_t hits_of(kernel::TraceFs& tracefs, const kernel::Lease& lease) {
  const auto instance = kernel::LeasedInstance::of(tracefs, lease.name);
  if (!lease.counts) return instance.counts().hits();
  std::uint64_t hits = 0;
  for (const kernel::LeasedEvent& event : lease.events) hits += instance.histogram_hits(event.name);
  return hits;
}

std::uint64_t seconds_left(const kernel::Lease& lease) {
  return lease.until_s - std::min(lease.until_s, kernel::seconds_since_boot());
}

void print_json(kernel::TraceFs& tracefs, const kernel::Lease& lease) {
  JsonObject object;
  object.text("name", lease.name).text("what", lease.what).text("how", lease.counts ? "histogram" : "ring");
  object.number("since_s", kernel::seconds_since_boot() - lease.since_s).number("left_s", seconds_left(lease));
  fmt::print("{}\n", object.number("hits", hits_of(tracefs, lease)).str());
}

void print_text(kernel::TraceFs& tracefs, const std::vector<kernel::Lease>& leases) {
  std::vector<std::vector<std::string>> rows{{"NAME", "HITS", "SINCE", "LEFT", "HOW", "WHAT"}};
  for (const kernel::Lease& lease : leases) {
    const std::uint64_t ago = kernel::seconds_since_boot() - lease.since_s;
    rows.push_back({lease.name, std::to_string(hits_of(tracefs, lease)), clock_text(-static_cast<std::int64_t>(ago)),
                    spell_seconds(seconds_left(lease)), lease.counts ? "histogram" : "ring", lease.what});
  }
  fmt::print("{}", format_columns(rows, ""));
}

Result<void> clean(kernel::TraceFs& tracefs, const Common& common) {
  std::vector<std::string> removed = kernel::remove_expired(tracefs);
  for (const std::string& name : kernel::leases_without_file(tracefs)) {
    DTP_CHECK(kernel::remove_leased(tracefs, name));
    removed.push_back(name);
  }
  if (!common.quiet)
    for (const std::string& name : removed) fmt::print("disarmed {}\n", name);
  return {};
}

Result<int> armed(const Options& options, const Common& common) {
  DTP_TRY(auto tracefs, kernel::find_tracefs());
  if (options.cleans) {
    DTP_CHECK(clean(tracefs, common));
    return 0;
  }
  for (const std::string& name : kernel::remove_expired(tracefs))
    if (!common.quiet) fmt::print(stderr, "disarmed {}: its lease has ended\n", name);
  std::vector<kernel::Lease> leases = kernel::Leases().list();
  std::erase_if(leases, [](const kernel::Lease& lease) { return !lease.is_whole; });
  if (options.format == "json") {
    for (const kernel::Lease& lease : leases) print_json(tracefs, lease);
  } else if (!leases.empty()) {
    print_text(tracefs, leases);
  }
  for (const std::string& name : kernel::leases_without_file(tracefs))
    fmt::print(stderr, "'{}' is armed, but nobody knows any more what for: dtrace++ armed --clean\n", name);
  return 0;
}

}  // namespace

void add_armed(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("armed", "list what is armed");
  const auto options = std::make_shared<Options>();
  command.add_flag("--clean", options->cleans, "disarm what has ended, and what is left of what nobody knows any more");
  add_format_option(command, options->format, text_or_objects);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ armed\n"
      "  dtrace++ armed --clean");
  run_alone(command, registry, options, armed);
}

}  // namespace dtp::cmd
