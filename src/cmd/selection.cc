#include "cmd/selection.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "base/progress.h"
#include "cmd/number_list.h"

namespace dtp::cmd {
namespace {

// "5123.123456" seconds. Digits after the ninth decimal are refused: there is nothing below nanoseconds.
std::optional<std::uint64_t> parse_seconds(std::string_view text, std::size_t& decimals) {
  constexpr std::uint64_t second_ns = 1'000'000'000;
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view fraction = point < text.size() ? text.substr(point + 1) : "";
  decimals = fraction.size();
  std::uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + point, seconds);
  if (error != std::errc{} || end != text.data() + point || seconds > UINT64_MAX / second_ns - 1) return std::nullopt;
  if (point < text.size() && (fraction.empty() || fraction.size() > 9)) return std::nullopt;
  std::uint64_t part = 0;
  for (std::size_t i = 0; i < 9; ++i) {
    const char digit = i < fraction.size() ? fraction[i] : '0';
    if (digit < '0' || digit > '9') return std::nullopt;
    part = part * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return seconds * second_ns + part;
}

Error wrong_time(std::string_view text, Span span, std::string what) {
  return {.what = std::move(what),
          .where = Where{"--time", std::string(text), span},
          .hint = "give seconds as script shows them: --time 5123.5,5124 or one end alone: --time 5123.5,",
          .status = Status::wrong_request};
}

Result<void> parse_time(std::string_view text, record::Selection& selection) {
  if (text.empty()) return {};
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos)
    return fail(wrong_time(text, {0, text.size()}, "--time takes a beginning and an end"));
  std::size_t decimals = 0;
  if (comma > 0) {
    const auto from = parse_seconds(text.substr(0, comma), decimals);
    if (!from) return fail(wrong_time(text, {0, comma}, "this is not a time in seconds"));
    selection.from_ns = *from;
  }
  if (comma + 1 < text.size()) {
    const auto to = parse_seconds(text.substr(comma + 1), decimals);
    if (!to) return fail(wrong_time(text, {comma + 1, text.size()}, "this is not a time in seconds"));
    // A line shows microseconds: the end is all that looks like it.
    selection.to_ns = *to + (decimals == 6 ? 999 : 0);
  }
  if (selection.to_ns < selection.from_ns)
    return fail(wrong_time(text, {0, text.size()}, "this time ends before it begins"));
  return {};
}

}  // namespace

void add_selection_options(CLI::App& command, SelectionOptions& options) {
  command.add_option("--comm", options.comms, "records of these commands; globs are fine")
      ->type_name("NAME[,NAME]")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("-p,--pid", options.pids, "of these processes")->type_name("PID[,PID]");
  command.add_option("-t,--tid", options.tids, "of these threads")->type_name("TID[,TID]");
  command.add_option("-C,--cpu", options.cpus, "of these CPUs")->type_name("CPUS");
  command.add_option("--time", options.time, "of this time, in seconds of the recording's clock")
      ->type_name("[FROM],[TO]");
}

Result<record::Selection> to_selection(const SelectionOptions& options) {
  record::Selection selection{.comms = options.comms};
  DTP_TRY(selection.pids, parse_numbers("-p", options.pids, false));
  DTP_TRY(selection.tids, parse_numbers("-t", options.tids, false));
  DTP_TRY(selection.cpus, parse_numbers("-C", options.cpus, true));
  DTP_CHECK(parse_time(options.time, selection));
  return selection;
}

Result<void> read_selected(const record::PerfDataReader& reader, const record::Selection& selection,
                           const record::Consumer& consumer, record::Counts& counts, bool with_progress) {
  base::Progress progress("reading");
  record::PerfDataReader::Watch watch;
  if (with_progress) watch = [&](std::uint64_t done, std::uint64_t whole) { progress.show(done, whole); };
  return reader.read(
      [&](const record::Record& record) {
        return record::selects(selection, record) ? consumer(record) : Result<void>{};
      },
      counts, watch);
}

}  // namespace dtp::cmd
