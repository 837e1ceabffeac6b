#include "cmd/report_pages.h"

#include "cmd/read_recording.h"
#include "cmd/write_file.h"
#include "report/flame_graph_svg.h"
#include "report/page.h"

namespace dtp::cmd {
namespace {

Result<void> write_svg(const std::string& path, const report::FlameGraph& graph, const std::string& title) {
  return write_file(path, [&](report::Output& output) { return report::write_flame_svg(output, graph, title); });
}

// Where there are shares, what is missing is said.
std::string name_of(const Reading& reading) {
  const std::uint64_t lost = reading.counts.lost;
  std::string title = reading.path;
  if (reading.ledger && reading.ledger->is_sampled()) title += " (watched in windows of time)";
  return lost == 0 ? title : title + " (" + std::to_string(lost) + " more records were lost)";
}

}  // namespace

void add_page_options(CLI::App& command, PageOptions& options, CLI::Option& text, CLI::Option& difference) {
  command
      .add_option("--flamegraph", options.flamegraph,
                  "draw the stacks into an SVG file, for a browser; - is standard output")
      ->type_name("FILE")
      ->excludes(&text);
  command.add_option("--html", options.html, "one page for a browser: hits, their rate, numbers, the flame graph")
      ->type_name("FILE")
      ->excludes(&text, &difference);
}

Result<void> draw_pages(const PageOptions& options, const Reading& reading, report::Order order) {
  if (!options.flamegraph.empty()) DTP_CHECK(check_stacks(reading.profile, reading.path));
  const report::FlameGraph graph = report::make_flame_graph(reading.profile, order);
  if (!options.flamegraph.empty())
    DTP_CHECK(write_svg(options.flamegraph, graph, "Flame graph of " + name_of(reading)));
  if (options.html.empty()) return {};
  const report::PageContent content{.file = reading.path,
                                    .origin = reading.origin,
                                    .counts = reading.counts,
                                    .profile = reading.profile,
                                    .findings = *reading.findings,
                                    .wall_offset_ns = reading.wall_offset_ns,
                                    .graph = report::has_stacks(reading.profile) ? &graph : nullptr};
  return write_file(options.html, [&](report::Output& output) { return report::write_page(output, content); });
}

Result<void> draw_difference(const PageOptions& options, const Reading& before, const Reading& after,
                             report::Order order) {
  DTP_CHECK(check_stacks(before.profile, before.path));
  DTP_CHECK(check_stacks(after.profile, after.path));
  return write_svg(options.flamegraph, report::make_difference(before.profile, after.profile, order),
                   "Flame graph of " + name_of(after) + ", compared with " + name_of(before));
}

}  // namespace dtp::cmd
