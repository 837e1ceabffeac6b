#include "cmd/answer_options.h"

#include <fmt/format.h>

#include "base/quantity.h"
#include "cmd/output_format.h"

namespace dtp::cmd {
namespace {

report::AnswerFormat to_format(const std::string& format) {
  if (format == "csv") return report::AnswerFormat::csv;
  return format == "json" ? report::AnswerFormat::json : report::AnswerFormat::text;
}

Result<std::int64_t> to_milliseconds(const char* option, const std::string& text) {
  if (text.empty()) return 0;
  const auto time_ns = base::parse_duration_ns(text);
  if (time_ns && *time_ns >= 1'000'000) return static_cast<std::int64_t>(*time_ns / 1'000'000);
  return fail({.what = fmt::format("{} takes a time such as 10s, 500ms, 2m", option),
               .where = Where{option, text, {0, text.size()}},
               .status = Status::wrong_request});
}

}  // namespace

void add_answer_options(CLI::App& command, AnswerFlags& flags) {
  command.add_option("--duration", flags.duration, "end after this time: 10s, 500ms, 2m")->type_name("TIME");
  command.add_option("--every", flags.every, "show the table again and again, not only at the end")->type_name("TIME");
  command.add_option("--top", flags.top, "rows of the table; 0: all, or as the recipe has it")->type_name("N");
  command.add_flag("--stream", flags.from_stream,
                   "count records as they come, also what the kernel itself could count");
  add_format_option(command, flags.format, "how the answer is printed", record_formats);
  add_watch_options(command, flags.watch);
  add_govern_options(command, flags.govern);
}

Result<AnswerOptions> to_answer_options(const AnswerFlags& flags, const TargetOptions& target,
                                        const std::vector<std::string>& command, const Common& common) {
  AnswerOptions options{.target = target,
                        .format = to_format(flags.format),
                        .announce = !common.quiet && command.empty(),
                        .from_stream = flags.from_stream,
                        .flamegraph = flags.flamegraph};
  DTP_TRY(options.budget, to_budget(flags.govern));
  DTP_TRY(options.duration_ms, to_milliseconds("--duration", flags.duration));
  DTP_TRY(options.every_ms, to_milliseconds("--every", flags.every));
  DTP_TRY(options.watched, to_target(flags.watch, command));
  return options;
}

}  // namespace dtp::cmd
