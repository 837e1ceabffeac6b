#include "cmd/report_pages.h"

#include <algorithm>

#include "base/new_file.h"
#include "report/flame_graph_svg.h"

namespace dtp::cmd {
namespace {

bool has_stacks(const report::Profile& profile) {
  return std::ranges::any_of(profile.stacks, [](const report::StackHits& stack) { return !stack.functions.empty(); });
}

Result<void> check_stacks(const report::Profile& profile, const std::string& title) {
  if (has_stacks(profile)) return {};
  return fail({.what = "there are no stacks in '" + title + "'",
               .hint = "'dtrace++ record -g' records them",
               .status = Status::wrong_request});
}

Result<void> write_svg(const std::string& path, const report::FlameGraph& graph, const std::string& title) {
  DTP_TRY(base::NewFile file, base::NewFile::create(path));
  report::Output output(file.fd(), path);
  DTP_CHECK(report::write_flame_svg(output, graph, title));
  return file.commit();
}

}  // namespace

void add_page_options(CLI::App& command, PageOptions& options, CLI::Option& text) {
  command
      .add_option("--flamegraph", options.flamegraph,
                  "draw the stacks into an SVG file, for a browser; - is standard output")
      ->type_name("FILE")
      ->excludes(&text);
}

Result<void> draw_flamegraph(const std::string& path, const report::Profile& profile, report::Order order,
                             const std::string& title) {
  DTP_CHECK(check_stacks(profile, title));
  return write_svg(path, report::make_flame_graph(profile, order), "Flame graph of " + title);
}

}  // namespace dtp::cmd
