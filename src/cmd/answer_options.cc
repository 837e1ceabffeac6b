#include "cmd/answer_options.h"

#include <fmt/format.h>

#include "base/number.h"
#include "base/quantity.h"
#include "cmd/output_format.h"
#include "cmd/record_limits.h"

namespace dtp::cmd {

std::chrono::nanoseconds time_of(const std::string& text) {
  if (const auto plain = base::parse_number<std::int64_t>(text)) return std::chrono::nanoseconds(*plain);
  return std::chrono::nanoseconds(base::parse_duration_ns(text).value_or(0));
}

report::AnswerFormat to_format(const std::string& format) {
  if (format == "csv") return report::AnswerFormat::csv;
  return format == "json" ? report::AnswerFormat::json : report::AnswerFormat::text;
}

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
                        .flamegraph = flags.flamegraph,
                        .plot = flags.plot};
  DTP_TRY(options.budget, to_budget(flags.govern));
  DTP_TRY(const auto duration, to_duration("--duration", flags.duration));
  DTP_TRY(const auto every, to_duration("--every", flags.every));
  options.duration_ms = duration.count();
  options.every_ms = every.count();
  DTP_TRY(options.watched, to_target(flags.watch, command));
  return options;
}

Result<void> watch_all(const recipe::Recipe& recipe, kernel::Target& watched) {
  if (watched.pids.empty() && watched.tids.empty() && !watched.user && watched.cgroup.empty()) {
    watched.all_cpus = true;
    return {};
  }
  std::vector<std::string> names;
  for (const recipe::Parameter& parameter : recipe.parameters) names.push_back(parameter.name + "=");
  return fail(
      {.what = fmt::format("'{}' watches the whole machine: what happens to a process is done by others", recipe.name),
       .hint = names.empty() ? "" : fmt::format("its parameters choose: {}", fmt::join(names, ", ")),
       .status = Status::wrong_request});
}

}  // namespace dtp::cmd
