#include "cmd/recording.h"

#include <sys/wait.h>

#include <charconv>

#include <fmt/core.h>

#include "probe/filter.h"

namespace dtp::cmd {
namespace {

Error wrong_number(std::string_view option, std::string_view text, Span span, std::string_view wanted) {
  return {.what = fmt::format("{} takes {}", option, wanted),
          .where = Where{std::string(option), std::string(text), span},
          .status = Status::wrong_request};
}

// "1,5,7", and with `ranges` also "0-3".
Result<std::vector<unsigned>> parse_numbers(std::string_view option, std::string_view text, bool ranges) {
  std::vector<unsigned> numbers;
  const std::string_view wanted = ranges ? "CPU numbers such as 0-3,5" : "process numbers such as 17,42";
  for (std::size_t at = 0; at <= text.size() && !text.empty();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const char* const last = text.data() + end;
    unsigned from = 0;
    auto [next, error] = std::from_chars(text.data() + at, last, from);
    unsigned to = from;
    if (ranges && error == std::errc{} && next != last && *next == '-') {
      const auto second = std::from_chars(next + 1, last, to);
      next = second.ptr;
      error = second.ec;
    }
    // More CPUs than any kernel has would only fill the memory.
    if (error != std::errc{} || next != last || to < from || to - from > 8192) {
      return fail(wrong_number(option, text, {at, end}, wanted));
    }
    for (unsigned number = from; number <= to; ++number) numbers.push_back(number);
    at = end + 1;
  }
  return numbers;
}

probe::FilterField to_filter_field(const record::FieldSchema& field) {
  return {.name = field.name,
          .display = field.display,
          .is_string = field.kind == record::FieldKind::string,
          .is_signed = field.kind == record::FieldKind::signed_ && path::signed_width(field.display) == 0,
          .is_array = field.kind == record::FieldKind::array || field.kind == record::FieldKind::bytes,
          .bytes = field.size};
}

}  // namespace

void add_watch_options(CLI::App& command, WatchOptions& options) {
  command.add_flag("-a,--all-cpus", options.all_cpus,
                   "watch every process; the default without -p, -t, -C and a command");
  command.add_option("-p,--pid", options.pids, "watch these processes with their threads and children to come")
      ->type_name("PID[,PID]");
  command.add_option("-t,--tid", options.tids, "watch these threads")->type_name("TID[,TID]");
  command.add_option("-C,--cpu", options.cpus, "watch these CPUs only")->type_name("CPUS");
}

Result<kernel::Target> to_target(const WatchOptions& options, const std::vector<std::string>& command) {
  kernel::Target target{.all_cpus = options.all_cpus, .command = command};
  DTP_TRY(target.cpus, parse_numbers("-C", options.cpus, true));
  DTP_TRY(const std::vector<unsigned> pids, parse_numbers("-p", options.pids, false));
  DTP_TRY(const std::vector<unsigned> tids, parse_numbers("-t", options.tids, false));
  target.pids.assign(pids.begin(), pids.end());
  target.tids.assign(tids.begin(), tids.end());
  if (pids.empty() && tids.empty() && command.empty()) target.all_cpus = true;
  return target;
}

Result<WatchedEvent> watch_event(kernel::TraceFs& tracefs, const kernel::EventName& name,
                                 const std::vector<record::FieldDisplay>& displays, std::string_view filter) {
  const std::string path = "events/" + name.group + "/" + name.event + "/format";
  const auto text = tracefs.read(path);
  if (!text) return fail(kernel::tracefs_error("cannot read", path, text.error()));
  WatchedEvent event{.name = name, .format = record::annotate_format(*text, displays)};
  DTP_TRY(event.schema, record::parse_format(event.format, name.group));
  if (filter.empty()) return event;
  std::vector<probe::FilterField> fields;
  for (const record::FieldSchema& field : event.schema.fields) {
    fields.push_back(to_filter_field(field));
    for (const record::FieldSchema& part : field.parts)
      if (part.display == path::Display::length) fields.push_back(to_filter_field(part));
  }
  DTP_TRY(event.filter, probe::translate_filter(filter, fields));
  return event;
}

std::vector<kernel::CaptureEvent> to_capture(const std::vector<WatchedEvent>& events) {
  std::vector<kernel::CaptureEvent> capture;
  for (const WatchedEvent& event : events) capture.push_back({event.name, event.filter});
  return capture;
}

std::string describe_losses(const kernel::Losses& losses) {
  if (losses.ring == 0 && losses.missed == 0) return "0 lost";
  std::string why;
  if (losses.ring > 0) why = fmt::format("{} because the rings were full", losses.ring);
  if (losses.missed > 0)
    why += fmt::format("{}{} missed by the kernel's probes", why.empty() ? "" : ", ", losses.missed);
  return fmt::format("{} lost ({})", losses.ring + losses.missed, why);
}

int exit_status(const kernel::Ending& ending) {
  if (ending.why != kernel::Ended::command_exited || !ending.command_status) return 0;
  const int status = *ending.command_status;
  // As a shell has it.
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace dtp::cmd
