// dtrace++ stats: what numbers a field of a recording has, or how long calls took.
#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/suggest.h"
#include "cmd/command.h"
#include "cmd/output_format.h"
#include "cmd/read_recording.h"
#include "cmd/selection.h"
#include "cmd/terminal.h"
#include "cmd/wrong_word.h"
#include "report/stats.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::string input = "perf.data";
  std::string field = {};
  std::vector<std::string> latency = {};  // the events of entry and return; none: not wanted
  std::vector<std::string> keys = {};
  std::string histograms = "all";
  SelectionOptions selection = {};
  std::string format = "text";
  symbol::Options symbols = {};
};

using Schemas = std::vector<record::EventSchema>;

// "probe:vfs_read", or "vfs_read" where it is the only one of the name.
Result<const record::EventSchema*> find_event(const std::string& wanted, const Schemas& schemas) {
  std::vector<std::string> names;
  std::vector<std::string> found_names;
  const record::EventSchema* found = nullptr;
  for (const record::EventSchema& schema : schemas) {
    names.push_back(schema.group + ":" + schema.event);
    if (wanted != names.back() && wanted != schema.event) continue;
    found = &schema;
    found_names.push_back(names.back());
  }
  if (found_names.size() == 1) return found;
  std::vector<std::string_view> spellings(names.begin(), names.end());
  for (const record::EventSchema& schema : schemas) spellings.push_back(schema.event);
  Error error = wrong_word("--latency", wanted, "this recording has no event '" + wanted + "'",
                           base::did_you_mean(base::nearest(wanted, spellings)));
  if (error.hint.empty() && !names.empty()) error.hint = "there are: " + base::list_some(names, 5);
  if (found != nullptr) {
    error.what = "this recording has several events '" + wanted + "'";
    error.hint = "say which: " + base::list_some(found_names, 5);
  }
  return fail(std::move(error));
}

// Adds the records up with FieldNumbers or Latency.
template <class Adder>
Result<report::Numbers> add_up(const record::PerfDataReader& reader, const record::Selection& selection, Adder adder,
                               record::Counts& counts, Result<void>& read, bool with_progress) {
  read = read_selected(
      reader, selection,
      [&](const record::Record& record) -> Result<void> {
        adder.add(record);
        return {};
      },
      counts, with_progress);
  return std::move(adder).finish();
}

Result<report::Numbers> collect(const Options& options, const record::PerfDataReader& reader, record::Counts& counts,
                                Result<void>& read, bool with_progress) {
  DTP_TRY(const record::Selection selection, to_selection(options.selection));
  DTP_TRY(std::vector<report::Key> keys, parse_keys(options.keys, reader.schemas()));
  symbol::Symbolizer symbols(options.symbols);
  if (options.latency.empty()) {
    DTP_CHECK(check_number("field", options.field, reader.schemas()));
    return add_up(reader, selection, report::FieldNumbers(options.field, std::move(keys), symbols), counts, read,
                  with_progress);
  }
  DTP_TRY(const record::EventSchema* const entry, find_event(options.latency[0], reader.schemas()));
  DTP_TRY(const record::EventSchema* const leave, find_event(options.latency[1], reader.schemas()));
  if (entry == leave) {
    return fail(wrong_word("--latency", options.latency[1], "an event is not its own return"));
  }
  return add_up(reader, selection, report::Latency(*entry, *leave, std::move(keys), symbols), counts, read,
                with_progress);
}

report::Histograms to_histograms(const std::string& word) {
  if (word == "each") return report::Histograms::each;
  return word == "none" ? report::Histograms::none : report::Histograms::all;
}

void print_unpaired(const report::Numbers& numbers) {
  if (numbers.open_calls > 0) fmt::print(stderr, "left out: {} entries without a return\n", numbers.open_calls);
  if (numbers.lone_returns > 0) fmt::print(stderr, "left out: {} returns without an entry\n", numbers.lone_returns);
}

Result<void> print_numbers(const Options& options, const report::Numbers& numbers, const Common& common) {
  const Paged paged(common);
  report::Output output(STDOUT_FILENO);
  return options.format == "json" ? report::write_stats_json(output, numbers)
                                  : report::write_stats(output, numbers, to_histograms(options.histograms));
}

Result<void> print_stats(const Options& options, const Common& common) {
  if (options.field.empty() == options.latency.empty()) {
    return fail(
        {.what = options.field.empty() ? "there is nothing to add up" : "a field and --latency are two requests",
         .hint = "name a field, or --latency ENTRY RETURN",
         .status = Status::wrong_request});
  }
  DTP_TRY(const record::PerfDataReader reader, open_recording(options.input));
  record::Counts counts;
  Result<void> read;
  DTP_TRY(const report::Numbers numbers, collect(options, reader, counts, read, !common.quiet));
  DTP_CHECK(print_numbers(options, numbers, common));
  if (!common.quiet) {
    print_unpaired(numbers);
    print_counts(counts, reader.ledger(), common.verbose);
  }
  return read;
}

}  // namespace

void add_stats(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("stats", "numbers of a field, or times between two events");
  const auto options = std::make_shared<Options>();
  command.add_option("FIELD", options->field, "a field that is a number")->type_name("");
  command.add_option("--latency", options->latency, "times from the one event to the other in the same thread")
      ->expected(2)
      ->type_name("ENTRY RETURN");
  add_key_option(command, options->keys);
  command.add_option("--histogram", options->histograms, "of all numbers of an event together, or of each group")
      ->check(CLI::IsMember({"all", "each", "none"}))
      ->capture_default_str();
  add_input_option(command, options->input);
  add_selection_options(command, options->selection);
  add_format_option(command, options->format, "how numbers are printed");
  add_symbol_options(command, options->symbols);
  add_pager_option(command, registry.common);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ stats count\n"
      "  dtrace++ stats count -s comm\n"
      "  dtrace++ stats --latency vfs_read vfs_read__return -s comm --histogram each");
  run_alone(command, registry, options, print_stats);
}

}  // namespace dtp::cmd
