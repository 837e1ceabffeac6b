// dtrace++ script: prints the records of a perf.data file.
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "cmd/command.h"
#include "cmd/output_format.h"
#include "cmd/read_recording.h"
#include "cmd/selection.h"
#include "report/report.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::string input = "perf.data";
  std::string format = "text";
  std::vector<std::string> columns = {};
  std::string clock = "recorded";
  bool is_relative = false;
  bool is_delta = false;
  SelectionOptions selection = {};
  symbol::Options symbols = {};
};

Result<report::LineOptions> to_line_options(const Options& options, const record::PerfDataReader& reader) {
  report::LineOptions line;
  DTP_TRY(line.columns, parse_columns(options.columns, reader.schemas()));
  if (options.is_relative) line.times = report::Times::relative;
  if (options.is_delta) line.times = report::Times::delta;
  if (options.clock != "wall") return line;
  line.times = report::Times::wall;
  const auto offset = reader.wall_offset_ns();
  if (!offset) {
    return fail({.what = "'" + options.input + "' does not tell the time of day",
                 .hint = "'dtrace++ record' and 'perf record -k mono' write it when they end"});
  }
  line.wall_offset_ns = *offset;
  return line;
}

// Progress would stand among lines that go to the terminal, or to a pager.
bool is_file(int fd) {
  struct stat status = {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

Result<void> print_file(const Options& options, const Common& common) {
  DTP_TRY(const record::Selection selection, to_selection(options.selection));
  DTP_TRY(const record::PerfDataReader reader, open_recording(options.input));
  DTP_TRY(const report::LineOptions line, to_line_options(options, reader));
  report::Output output(STDOUT_FILENO);
  symbol::Symbolizer symbols(options.symbols);
  const auto report = make_report(options.format, output, symbols, line);
  DTP_CHECK(report->begin(reader.schemas()));
  record::Counts counts;
  const auto print = [&](const record::Record& record) { return report->record(record); };
  const auto read = read_selected(reader, selection, print, counts, !common.quiet && is_file(STDOUT_FILENO));
  // Records before an error are printed before it.
  DTP_CHECK(report->end());
  if (!common.quiet) print_counts(counts, reader.ledger(), common.verbose);
  return read;
}

void add_time_options(CLI::App& command, Options& options) {
  auto* clock =
      command.add_option("--clock", options.clock, "times are of the recording's clock, or of the day (wall)")
          ->check(CLI::IsMember({"recorded", "wall"}))
          ->capture_default_str();
  auto* relative = command.add_flag("--reltime", options.is_relative, "times since the first line")->excludes(clock);
  command.add_flag("--deltatime", options.is_delta, "times since the line before")->excludes(clock)->excludes(relative);
}

}  // namespace

void add_script(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("script", "print the records of a perf.data file");
  const auto options = std::make_shared<Options>();
  add_input_option(command, options->input);
  command
      .add_option("-F,--fields", options->columns,
                  "what is shown: comm, pid, tid, cpu, time, event, ip, fields, stack, or names of fields")
      ->type_name("NAME[,NAME]")
      ->delimiter(',')
      ->allow_extra_args(false);
  add_time_options(command, *options);
  add_selection_options(command, options->selection);
  add_format_option(command, options->format, as_records, record_formats);
  add_symbol_options(command, options->symbols);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ script\n"
      "  dtrace++ script -F time,comm,name --comm 'kworker*'\n"
      "  dtrace++ script --format csv > table.csv\n"
      "  dtrace++ script -i other.data --format json | jq .fields");
  run_alone(command, registry, options, print_file);
}

}  // namespace dtp::cmd
