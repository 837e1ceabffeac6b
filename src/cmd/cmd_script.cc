// dtrace++ script: prints the records of a perf.data file.
#include <unistd.h>

#include <cstdio>
#include <memory>

#include <fmt/core.h>

#include "cmd/command.h"
#include "cmd/output_format.h"
#include "record/perf_data_reader.h"
#include "report/report.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::string input = "perf.data";
  std::string format = "text";
  symbol::Options symbols = {};
};

// What the reader should know besides the records. To standard error.
void print_counts(const record::Counts& counts) {
  if (counts.lost > 0) fmt::print(stderr, "lost: {} records were never written, the rings were full\n", counts.lost);
  if (counts.other > 0)
    fmt::print(stderr, "left out: {} samples that are not of a tracepoint or probe\n", counts.other);
  if (counts.broken > 0) fmt::print(stderr, "left out: {} samples that are not whole\n", counts.broken);
}

Result<void> print_file(const Options& options, const Common& common) {
  auto reader = record::PerfDataReader::open(options.input);
  if (!reader && options.input != "-" && ::access(options.input.c_str(), F_OK) != 0) {
    reader.error().hint = "'dtrace++ record' and 'perf record' make such a file";
  }
  if (!reader) return std::unexpected(std::move(reader.error()));
  report::Output output(STDOUT_FILENO);
  symbol::Symbolizer symbols(options.symbols);
  const auto report = make_report(options.format, output, symbols);
  DTP_CHECK(report->begin(reader->schemas()));
  record::Counts counts;
  const auto read = reader->read([&](const record::Record& record) { return report->record(record); }, counts);
  // Records before an error are printed before it.
  DTP_CHECK(report->end());
  if (!common.quiet) print_counts(counts);
  return read;
}

}  // namespace

void add_script(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("script", "print the records of a perf.data file");
  const auto options = std::make_shared<Options>();
  command.add_option("-i,--input", options->input, "the file; - is standard input")
      ->type_name("FILE")
      ->capture_default_str();
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
