// dtrace++ script: prints the records of a perf.data file.
#include <unistd.h>

#include <memory>

#include "cmd/command.h"
#include "cmd/output_format.h"
#include "cmd/read_recording.h"
#include "report/report.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::string input = "perf.data";
  std::string format = "text";
  symbol::Options symbols = {};
};

Result<void> print_file(const Options& options, const Common& common) {
  DTP_TRY(const record::PerfDataReader reader, open_recording(options.input));
  report::Output output(STDOUT_FILENO);
  symbol::Symbolizer symbols(options.symbols);
  const auto report = make_report(options.format, output, symbols);
  DTP_CHECK(report->begin(reader.schemas()));
  record::Counts counts;
  const auto read = reader.read([&](const record::Record& record) { return report->record(record); }, counts);
  // Records before an error are printed before it.
  DTP_CHECK(report->end());
  if (!common.quiet) print_counts(counts);
  return read;
}

}  // namespace

void add_script(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("script", "print the records of a perf.data file");
  const auto options = std::make_shared<Options>();
  add_input_option(command, options->input);
  add_format_option(command, options->format, "how records are printed");
  add_symbol_options(command, options->symbols);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ script\n"
      "  dtrace++ script -i other.data --format json | jq .fields");
  command.callback([&registry, options] {
    registry.run = [&registry, options] {
      const auto done = print_file(*options, registry.common);
      return done ? 0 : report(done.error(), registry.common);
    };
  });
}

}  // namespace dtp::cmd
