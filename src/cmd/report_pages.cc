#include "cmd/report_pages.h"

#include "base/new_file.h"
#include "report/flame_graph_svg.h"

namespace dtp::cmd {
namespace {

Result<void> check_stacks(const NamedProfile& read) {
  if (report::has_stacks(read.profile)) return {};
  return fail({.what = "there are no stacks in '" + read.path + "'",
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

Result<void> draw_flamegraph(const PageOptions& options, const NamedProfile& read, report::Order order) {
  DTP_CHECK(check_stacks(read));
  return write_svg(options.flamegraph, report::make_flame_graph(read.profile, order), "Flame graph of " + read.path);
}

Result<void> draw_difference(const PageOptions& options, const NamedProfile& before, const NamedProfile& after,
                             report::Order order) {
  DTP_CHECK(check_stacks(before));
  DTP_CHECK(check_stacks(after));
  return write_svg(options.flamegraph, report::make_difference(before.profile, after.profile, order),
                   "Flame graph of " + after.path + ", compared with " + before.path);
}

}  // namespace dtp::cmd
