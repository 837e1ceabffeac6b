#include "cmd/recording.h"

#include <sys/wait.h>

#include <charconv>
#include <filesystem>
#include <map>

#include <fmt/core.h>

#include "cmd/watch.h"
#include "debug/elf_file.h"
#include "debug/find.h"
#include "record/comm.h"
#include "record/running_code.h"

namespace dtp::cmd {
namespace {

probe::FilterField to_filter_field(const record::FieldSchema& field) {
  return {.name = field.name,
          .display = field.display,
          .is_string = field.kind == record::FieldKind::string,
          .is_signed = field.kind == record::FieldKind::signed_ && path::signed_width(field.display) == 0,
          .is_array = field.kind == record::FieldKind::array || field.kind == record::FieldKind::bytes,
          .bytes = field.size};
}

constexpr std::string_view call_graph = "--call-graph";
constexpr std::uint32_t most_copied_bytes = 65520;  // a record has 16 bits for its size

Error wrong_call_graph(std::string_view text, Span span, std::string what) {
  return {.what = std::move(what),
          .where = Where{std::string(call_graph), std::string(text), span},
          .status = Status::wrong_request};
}

// Which process sees the same file under a path: those of one mount namespace and root.
std::string view_of(std::uint32_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  std::error_code error;
  return std::filesystem::read_symlink(folder + "/ns/mnt", error).string() +
         std::filesystem::read_symlink(folder + "/root", error).string();
}

// The file itself, also one that is deleted or that only the process sees.
std::string read_build_id(const record::NewMapping& mapping) {
  const auto file =
      debug::ElfFile::open(fmt::format("/proc/{}/map_files/{:x}-{:x}", mapping.pid, mapping.start, mapping.end));
  return file ? file->build_id() : "";
}

}  // namespace

void add_stack_options(CLI::App& command, StackFlags& options) {
  command.add_flag("-g,--stack", options.with_frame_pointers, "record the stack of each hit, by frame pointers");
  command
      .add_option(
          std::string(call_graph), options.call_graph,
          "the same, and how: fp, or dwarf: copies the top of the stack, which code without frame pointers needs")
      ->type_name("fp|dwarf[,BYTES]");
}

Result<kernel::StackOptions> to_stacks(const StackFlags& flags) {
  const std::string_view text = flags.call_graph;
  kernel::StackOptions options;
  if (flags.with_frame_pointers || text == "fp") options.kind = kernel::Stacks::frame_pointers;
  if (text.empty() || text == "fp") return options;
  const std::size_t comma = std::min(text.find(','), text.size());
  if (text == "lbr") {
    Error error =
        wrong_call_graph(text, {0, text.size()}, "the kernel records no branches with probes and tracepoints");
    error.hint = "--call-graph dwarf has whole stacks, too";
    error.status = Status::not_possible;
    return fail(std::move(error));
  }
  if (text.substr(0, comma) != "dwarf")
    return fail(wrong_call_graph(text, {0, text.size()}, "--call-graph takes fp, dwarf or dwarf,BYTES"));
  options.kind = kernel::Stacks::copies;
  if (comma == text.size()) return options;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + comma + 1, end, options.copied_bytes);
  const bool is_number = error == std::errc{} && last == end;
  if (!is_number || options.copied_bytes < 8 || options.copied_bytes > most_copied_bytes) {
    return fail(wrong_call_graph(text, {comma + 1, text.size()},
                                 fmt::format("of each stack 8 to {} bytes can be copied", most_copied_bytes)));
  }
  options.copied_bytes = (options.copied_bytes + 7) / 8 * 8;
  return options;
}

std::vector<record::NewMapping> running_code(const kernel::Target& target, const kernel::StackOptions& stacks,
                                             std::span<const record::Task> tasks) {
  std::vector<record::NewMapping> mappings = record::kernel_mappings();
  const std::string kernel_id = debug::kernel_build_id();
  if (!mappings.empty()) mappings.front().module.build_id = kernel_id;
  // What a command maps comes with its start.
  if (watches_command_only(target)) return mappings;
  std::map<std::string, std::string> build_ids;
  std::uint32_t last = 0;
  for (const record::Task& task : tasks) {
    if (task.pid == last) continue;
    last = task.pid;
    const std::string view = view_of(task.pid);
    for (record::NewMapping& mapping : record::running_mappings(task.pid)) {
      if (!mapping.is_executable && stacks.kind != kernel::Stacks::copies) continue;
      const auto [known, is_new] = build_ids.try_emplace(view + mapping.module.path);
      if (is_new) known->second = read_build_id(mapping);
      mapping.module.build_id = known->second;
      mappings.push_back(std::move(mapping));
    }
  }
  return mappings;
}

Result<WatchedEvent> watch_event(kernel::TraceFs& tracefs, const kernel::EventName& name,
                                 const std::vector<record::FieldDisplay>& displays, std::string_view filter) {
  const std::string path = "events/" + name.group + "/" + name.event + "/format";
  const auto text = tracefs.read(path);
  if (!text) return fail(kernel::tracefs_error("cannot read", path, text.error()));
  WatchedEvent event{.name = name, .format = record::annotate_format(*text, displays)};
  DTP_TRY(event.schema, record::parse_format(event.format, name.group));
  if (filter.empty()) return event;
  DTP_TRY(event.filter, probe::translate_filter(filter, filter_fields(event.schema)));
  return event;
}

std::vector<probe::FilterField> filter_fields(const record::EventSchema& schema) {
  std::vector<probe::FilterField> fields;
  for (const record::FieldSchema& field : schema.fields) {
    fields.push_back(to_filter_field(field));
    for (const record::FieldSchema& part : field.parts)
      if (part.display == path::Display::length) fields.push_back(to_filter_field(part));
  }
  return fields;
}

std::vector<record::EventSchema> schemas_of(const WatchedEvent& event) {
  auto members = record::split_members(event.schema, event.members);
  return members.empty() ? std::vector{event.schema} : members;
}

// Its samples have raw data of zeros: they are of event 0.
WatchedEvent watch_clock(std::uint64_t hz) {
  return {.name = {"", "cpu-clock"}, .schema = {.event = "cpu-clock"}, .hz = hz};
}

std::vector<kernel::CaptureEvent> to_capture(const std::vector<WatchedEvent>& events) {
  std::vector<kernel::CaptureEvent> capture;
  for (const WatchedEvent& event : events)
    capture.push_back({.name = event.name,
                       .filter = event.filter,
                       .without_stack = event.without_stack,
                       .hz = event.hz,
                       .pairing = event.pairing,
                       .thread_offset = event.thread_offset});
  return capture;
}

record::TracingData tracing_data(kernel::TraceFs& tracefs, const std::vector<WatchedEvent>& events) {
  record::TracingData data{.header_page = tracefs.read("events/header_page").value_or(""),
                           .header_event = tracefs.read("events/header_event").value_or("")};
  for (const WatchedEvent& event : events) {
    data.formats.push_back({event.name.group, event.format});
    data.members.insert(data.members.end(), event.members.begin(), event.members.end());
  }
  return data;
}

std::string describe_losses(const kernel::Losses& losses) {
  if (losses.sum() == 0) return "0 lost";
  std::string why;
  if (losses.ring > 0) why = fmt::format("{} because the rings were full", losses.ring);
  if (losses.missed > 0)
    why += fmt::format("{}{} missed by the kernel's probes", why.empty() ? "" : ", ", losses.missed);
  if (losses.dropped > 0)
    why += fmt::format("{}{} had no room in the kernel's table: --stream has them", why.empty() ? "" : ", ",
                       losses.dropped);
  return fmt::format("{} lost ({})", losses.sum(), why);
}

int exit_status(const kernel::Ending& ending) {
  if (ending.why != kernel::Ended::command_exited || !ending.command_status) return 0;
  const int status = *ending.command_status;
  // As a shell has it.
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace dtp::cmd
