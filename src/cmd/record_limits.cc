#include "cmd/record_limits.h"

#include <optional>
#include <string_view>

#include <fmt/core.h>

#include "base/number.h"
#include "base/quantity.h"
#include "cmd/wrong_word.h"

namespace dtp::cmd {
namespace {

using base::parse_duration_ns;
using base::parse_size;
constexpr std::uint64_t ns_per_ms = 1'000'000;

// Zero is no limit.
std::optional<std::uint64_t> parse_time_ms(std::string_view text) {
  const auto time_ns = parse_duration_ns(text);
  return time_ns && *time_ns >= ns_per_ms ? std::optional(*time_ns / ns_per_ms) : std::nullopt;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto size = parse_size(text);
  return size && *size > 0 ? size : std::nullopt;
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  const auto number = base::parse_number<std::uint64_t>(text);
  return number && *number > 0 ? number : std::nullopt;
}

Error wrong(std::string_view option, const std::string& text, std::string_view wanted) {
  return wrong_word(std::string(option), text, fmt::format("{} takes {}", option, wanted));
}

Result<std::uint64_t> size_of(std::string_view option, const std::string& text) {
  if (text.empty()) return 0;
  if (const auto size = parse_bytes(text)) return *size;
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

Result<std::chrono::milliseconds> to_duration(std::string_view option, const std::string& text) {
  if (text.empty()) return std::chrono::milliseconds(0);
  if (const auto time_ms = parse_time_ms(text)) return std::chrono::milliseconds(*time_ms);
  return fail(wrong(option, text, "a time such as 10s, 500ms, 2m"));
}

Result<Limits> to_limits(const LimitOptions& options) {
  Limits limits{.switches = !options.switching.empty()};
  if (!options.most_events.empty()) {
    const auto number = parse_count(options.most_events);
    if (!number) return fail(wrong("--max-events", options.most_events, "a number from 1 on"));
    limits.most_events = *number;
  }
  DTP_TRY(limits.duration, to_duration("--duration", options.duration));
  DTP_TRY(limits.most_bytes, size_of("--max-size", options.most_bytes));
  DTP_TRY(limits.ring_bytes, size_of("--ring-size", options.ring_bytes));
  if (!limits.switches || options.switching == "signal") return limits;
  if (const auto size = parse_bytes(options.switching))
    limits.switch_bytes = *size;
  else if (const auto time = parse_time_ms(options.switching))
    limits.switch_time = std::chrono::milliseconds(*time);
  else
    return fail(wrong("--switch-output", options.switching, "a size (10M), a time (30s) or 'signal'"));
  return limits;
}

}  // namespace dtp::cmd
