#include "cmd/record_limits.h"

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace dtp::cmd {
namespace {

// Larger than any clock or disk, small enough to count on with.
constexpr std::uint64_t largest = std::uint64_t{1} << 50;

using Unit = std::pair<std::string_view, std::uint64_t>;
constexpr std::array time_units{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}};
constexpr std::array size_units{Unit{"K", 1U << 10}, Unit{"k", 1U << 10}, Unit{"M", 1U << 20}, Unit{"G", 1U << 30},
                                Unit{"B", 1}};

// A number with one of the units behind it.
template <std::size_t count>
std::optional<std::uint64_t> parse(std::string_view text, const std::array<Unit, count>& units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number == 0) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, factor] : units)
    if (unit == name && number <= largest / factor) return number * factor;
  return std::nullopt;
}

Error wrong(std::string_view option, const std::string& text, std::string_view wanted) {
  return {.what = fmt::format("{} takes {}", option, wanted),
          .where = Where{std::string(option), text, {0, text.size()}},
          .status = Status::wrong_request};
}

Result<std::uint64_t> parse_size(std::string_view option, const std::string& text) {
  if (text.empty()) return 0;
  if (const auto size = parse(text, size_units)) return *size;
  return fail(wrong(option, text, "a size such as 64K, 10M, 2G"));
}

}  // namespace

void add_limit_options(CLI::App& command, LimitOptions& options) {
  command.add_option("--duration", options.duration, "end after this time: 10s, 500ms, 2m")->type_name("TIME");
  command.add_option("--max-events", options.most_events, "end after so many records")->type_name("N");
  command.add_option("--max-size", options.most_bytes, "end before the file is larger: 10M")->type_name("SIZE");
  command
      .add_option("--switch-output", options.switching,
                  "begin a new file at this size, after this time, or at the signal USR2 (which is the default); "
                  "files are named FILE.TIME")
      ->type_name("SIZE|TIME|signal")
      ->expected(0, 1)
      ->default_str("signal");
  command
      .add_option("-m,--ring-size", options.ring_bytes,
                  "of the ring of each CPU, between the kernel and the recorder; a power of two")
      ->type_name("SIZE");
  auto* overwrite = command.add_flag("--overwrite", options.overwrite,
                                     "keep the newest records in the rings; write them at the end, and into FILE.TIME "
                                     "whenever the signal USR2 comes");
  for (const char* other : {"--max-events", "--max-size", "--switch-output"})
    overwrite->excludes(command.get_option(other));
}

Result<Limits> to_limits(const LimitOptions& options) {
  Limits limits{.switches = !options.switching.empty()};
  if (!options.most_events.empty()) {
    const auto number = parse(options.most_events, std::array{Unit{"", 1}});
    if (!number) return fail(wrong("--max-events", options.most_events, "a number from 1 on"));
    limits.most_events = *number;
  }
  if (!options.duration.empty()) {
    const auto duration = parse(options.duration, time_units);
    if (!duration) return fail(wrong("--duration", options.duration, "a time such as 10s, 500ms, 2m"));
    limits.duration = std::chrono::milliseconds(*duration);
  }
  DTP_TRY(limits.most_bytes, parse_size("--max-size", options.most_bytes));
  DTP_TRY(limits.ring_bytes, parse_size("--ring-size", options.ring_bytes));
  if (!limits.switches || options.switching == "signal") return limits;
  if (const auto size = parse(options.switching, size_units))
    limits.switch_bytes = *size;
  else if (const auto time = parse(options.switching, time_units))
    limits.switch_time = std::chrono::milliseconds(*time);
  else
    return fail(wrong("--switch-output", options.switching, "a size (10M), a time (30s) or 'signal'"));
  return limits;
}

}  // namespace dtp::cmd
