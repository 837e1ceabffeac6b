// dtrace++ report: adds the records of a perf.data file up, by keys and by stack.
#include <unistd.h>

#include <memory>

#include <fmt/format.h>

#include "base/lines.h"
#include "cmd/command.h"
#include "cmd/exports.h"
#include "cmd/output_format.h"
#include "cmd/read_recording.h"
#include "cmd/report_pages.h"
#include "cmd/selection.h"
#include "cmd/terminal.h"
#include "report/call_graph.h"
#include "report/difference.h"
#include "report/folded.h"
#include "report/profile.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::string input = "perf.data";
  std::vector<std::string> keys = {"comm"};
  report::CallGraphOptions graph = {};
  bool is_folded = false;
  PageOptions pages = {};
  std::vector<std::string> diff = {};  // two files, or none
  ExportOptions exports = {};
  SelectionOptions selection = {};
  symbol::Options symbols = {};
};

Result<Reading> read_recording(const std::string& path, const Options& options, bool with_progress) {
  DTP_TRY(const record::PerfDataReader reader, open_recording(path));
  DTP_TRY(std::vector<report::Key> keys, parse_keys(options.keys, reader.schemas()));
  symbol::Symbolizer symbols(options.symbols);
  report::Profiler profiler(std::move(keys), symbols);
  DTP_TRY(const record::Selection selection, to_selection(options.selection));
  DTP_TRY(Exports exports, Exports::begin(options.exports, reader, symbols));
  std::optional<report::Survey> survey;
  if (!options.pages.html.empty()) survey.emplace(reader.schemas(), symbols);
  Reading reading{
      .path = path, .origin = reader.origin(), .wall_offset_ns = reader.wall_offset_ns(), .ledger = reader.ledger()};
  // Stacks are unwound anew by each that looks at them.
  const bool with_profile = !options.exports.any() || options.exports.need_profile() || options.pages.are_wanted();
  reading.end = read_selected(
      reader, selection,
      [&](const record::Record& record) {
        if (with_profile) profiler.add(record);
        if (survey) survey->add(record);
        return exports.add(record);
      },
      reading.counts, with_progress);
  if (reading.ledger) reading.counts.lost = reading.ledger->lost();
  reading.profile = std::move(profiler).finish();
  DTP_CHECK(exports.finish(reading.profile, path));
  if (survey) reading.findings = std::move(*survey).finish();
  return reading;
}

// Shares of hits mean little when hits are missing: it stands in front of them.
void append_losses(std::string& out, const Reading& reading) {
  std::string text;
  if (reading.ledger) text = record::sampling_text(*reading.ledger);
  if (reading.counts.lost > 0) text += fmt::format("Lost: {} records\n", reading.counts.lost);
  if (text.empty()) return;
  if (reading.ledger) text += record::ledger_table(*reading.ledger);
  for (std::string_view left = text; !left.empty();) out += fmt::format("# {}\n", base::take_line(left));
  out += "#\n";
}

Result<void> print_profile(const Options& options, const Reading& reading, const Common& common) {
  if (options.pages.are_wanted()) return draw_pages(options.pages, reading, options.graph.order);
  if (options.exports.any()) return {};
  report::CallGraphOptions graph = options.graph;
  graph.with_colour = has_colour(common, STDOUT_FILENO);
  const Paged paged(common);
  report::Output output(STDOUT_FILENO);
  if (!options.is_folded) append_losses(output.buffer(), reading);
  DTP_CHECK(options.is_folded ? report::write_folded(output, reading.profile)
                              : report::write_call_graph(output, reading.profile, graph));
  return output.flush();
}

Result<void> print_difference(const Options& options, const Reading& before, const Reading& after,
                              const Common& common) {
  if (!options.pages.flamegraph.empty()) return draw_difference(options.pages, before, after, options.graph.order);
  const Paged paged(common);
  report::Output output(STDOUT_FILENO);
  append_losses(output.buffer(), before);
  append_losses(output.buffer(), after);
  DTP_CHECK(report::write_difference(output, before.profile, after.profile,
                                     {options.graph.percent_limit, options.graph.with_stacks}));
  return output.flush();
}

Result<void> print_report(const Options& options, const Common& common) {
  if (options.diff.empty()) {
    DTP_TRY(const Reading reading, read_recording(options.input, options, !common.quiet));
    DTP_CHECK(print_profile(options, reading, common));
    if (!common.quiet) print_left_out(reading.counts);
    return reading.end;
  }
  DTP_TRY(const Reading before, read_recording(options.diff[0], options, !common.quiet));
  DTP_TRY(const Reading after, read_recording(options.diff[1], options, !common.quiet));
  DTP_CHECK(print_difference(options, before, after, common));
  for (const Reading* reading : {&before, &after})
    if (!common.quiet) print_left_out(reading->counts);
  return before.end ? after.end : before.end;
}

}  // namespace

void add_report(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("report", "add records up by keys and by stack: call graphs");
  const auto options = std::make_shared<Options>();
  CLI::Option* input = add_input_option(command, options->input);
  add_key_option(command, options->keys);
  command
      .add_option_function<std::string>(
          "--order",
          [options](const std::string& order) {
            options->graph.order = order == "callee" ? report::Order::callee : report::Order::caller;
          },
          "stacks begin with who called, the default, or with what was hit")
      ->check(CLI::IsMember({"caller", "callee"}));
  command.add_option("--percent-limit", options->graph.percent_limit, "leave out what has less of the event's hits")
      ->check(CLI::Range(0.0, 100.0))
      ->type_name("PERCENT")
      ->capture_default_str();
  command.add_flag_callback(
      "--no-stacks", [options] { options->graph.with_stacks = false; }, "the table alone");
  command.add_flag("--stdio")->description("text, which is the default: for those who know perf");
  CLI::Option* folded =
      command.add_flag("--folded", options->is_folded, "a line for each stack, for programs that draw flame graphs");
  CLI::Option* difference =
      command
          .add_option("--diff", options->diff, "compare two files: functions by the change of their share of the hits")
          ->type_name("BEFORE AFTER")
          ->expected(2)
          ->excludes(input, folded);
  add_page_options(command, options->pages, *folded, *difference);
  add_export_options(command, options->exports, {folded, difference});
  add_selection_options(command, options->selection);
  add_symbol_options(command, options->symbols);
  add_pager_option(command, registry.common);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ report\n"
      "  dtrace++ report -s comm,name --no-stacks\n"
      "  dtrace++ report --order callee --percent-limit 5\n"
      "  dtrace++ report --flamegraph out.svg --html out.html\n"
      "  dtrace++ report --diff before.data after.data");
  run_alone(command, registry, options, print_report);
}

}  // namespace dtp::cmd
