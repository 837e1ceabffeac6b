// dtrace++ list: the dynamic events of this machine.
#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "base/escape.h"
#include "cmd/command.h"
#include "cmd/event_place.h"
#include "cmd/output_format.h"
#include "cmd/terminal.h"
#include "kernel/lease.h"
#include "kernel/standing.h"
#include "probe/definition.h"

namespace dtp::cmd {
namespace {

using kernel::KnownEvent;
using kernel::Standing;

struct Options {
  std::vector<std::string> patterns = {};
  std::string format = "text";
};

// "/bin/bash:0x000000000009a850" is "/bin/bash:0x9a850" for people, and a return says so.
std::string shorten(const probe::Definition& definition) {
  std::string place = definition.place;
  if (const std::size_t at = place.rfind(":0x0"); at != std::string::npos) {
    const std::size_t digit = std::min(place.find_first_not_of('0', at + 3), place.size() - 1);
    place.erase(at + 3, digit - at - 3);
  }
  const bool says_so = place.ends_with("%return");
  return definition.kind == 'r' && !says_so ? place + "%return" : place;
}

std::string spell(const probe::DefinitionArgument& argument) {
  std::string text = argument.name.empty() ? argument.fetch : argument.name + "=" + argument.fetch;
  return argument.type.empty() ? text : text + ":" + argument.type;
}

std::vector<probe::Definition> definitions_of(const kernel::Event& event) {
  std::vector<probe::Definition> definitions;
  for (const std::string& line : event.lines) {
    if (auto definition = probe::parse_definition(line)) definitions.push_back(std::move(*definition));
  }
  return definitions;
}

// An event of many places would fill the screen: --format json has them all.
constexpr std::size_t most_places = 4;

// "vfs_read@fs/read_write.c with count=%dx": what differs from place to place is left to --format json.
std::string describe(const kernel::Event& event, EventPlaces& source) {
  const std::vector<probe::Definition> definitions = definitions_of(event);
  std::string places, arguments;
  for (std::size_t i = 0; i < std::min(definitions.size(), most_places); ++i) {
    const auto place = source.find(definitions[i]);
    places += (i > 0 ? ", " : "") + (place ? spell(*place) : shorten(definitions[i]));
  }
  if (definitions.size() > most_places) places += fmt::format(" and {} more", definitions.size() - most_places);
  if (definitions.empty()) return places;
  for (const probe::DefinitionArgument& argument : definitions.front().arguments) arguments += " " + spell(argument);
  return arguments.empty() ? places : places + " with" + arguments;
}

std::string remark(const KnownEvent& event) {
  switch (event.standing) {
    case Standing::asked_for: return "asked for: " + event.known->request;
    case Standing::in_use: return fmt::format("in use by dtrace++, process {}", event.owner->pid);
    case Standing::armed: return "armed: dtrace++ collect " + event.lease;
    case Standing::left_over:
      return fmt::format("left by dtrace++, process {}, which is gone: dtrace++ delete --stale", event.owner->pid);
    case Standing::foreign: return "";
  }
  return "";
}

void print_text(const std::vector<KnownEvent>& events) {
  EventPlaces source;
  std::size_t width = 20;
  for (const KnownEvent& event : events) width = std::max(width, kernel::spell(event.event.name).size());
  for (const KnownEvent& event : events) {
    const char kind = kernel::name_of(event.event.kind).front();
    fmt::print("{} {:<{}} (on {})\n", kind, base::escape(kernel::spell(event.event.name)), width,
               base::escape(describe(event.event, source)));
    if (const std::string text = remark(event); !text.empty()) fmt::print("    {}\n", base::escape(text));
  }
}

void append_member(std::string& out, const char* name, std::string_view text) {
  out += out.ends_with('{') ? "\"" : ",\"";
  out += name;
  out += "\":";
  base::append_json_string(out, text);
}

std::string_view name_of(Standing standing) {
  switch (standing) {
    case Standing::asked_for: return "asked_for";
    case Standing::in_use: return "in_use";
    case Standing::armed: return "armed";
    case Standing::left_over: return "left_over";
    case Standing::foreign: return "foreign";
  }
  return "";
}

void append_place(std::string& out, const EventPlace& place) {
  append_member(out, "function", place.function);
  if (place.line)
    out += fmt::format(",\"line\":{}", *place.line);
  else if (place.offset > 0)
    out += fmt::format(",\"offset\":{}", place.offset);
  if (!place.file.empty()) append_member(out, "file", place.file);
}

void print_json(const KnownEvent& event, EventPlaces& source) {
  std::string out = "{";
  append_member(out, "group", event.event.name.group);
  append_member(out, "event", event.event.name.event);
  append_member(out, "kind", kernel::name_of(event.event.kind));
  append_member(out, "standing", name_of(event.standing));
  if (event.known) append_member(out, "request", event.known->request);
  if (event.member != 0) append_member(out, "shared", event.shared->name.event);
  if (!event.lease.empty()) append_member(out, "lease", event.lease);
  if (event.owner) out += fmt::format(",\"owner\":{}", event.owner->pid);
  out += ",\"points\":[";
  for (const probe::Definition& definition : definitions_of(event.event)) {
    out += out.ends_with('[') ? "{" : ",{";
    append_member(out, "place", definition.place);
    if (const auto place = source.find(definition)) append_place(out, *place);
    out += definition.kind == 'r' ? ",\"return\":true,\"arguments\":[" : ",\"return\":false,\"arguments\":[";
    for (const probe::DefinitionArgument& argument : definition.arguments) {
      out += out.ends_with('[') ? "{" : ",{";
      append_member(out, "name", argument.name);
      append_member(out, "fetch", argument.fetch);
      append_member(out, "type", argument.type);
      out += "}";
    }
    out += "]}";
  }
  fmt::print("{}]}}\n", out);
}

Result<void> list(const Options& options, const Common& common) {
  DTP_TRY(auto tracefs, kernel::find_tracefs());
  kernel::remove_expired(tracefs);
  DTP_TRY(auto events, kernel::list_known_events(tracefs, kernel::Registry()));
  if (!options.patterns.empty()) {
    std::erase_if(events, [&](const KnownEvent& event) {
      return std::none_of(options.patterns.begin(), options.patterns.end(),
                          [&](const std::string& pattern) { return kernel::matches(event.event.name, pattern); });
    });
  }
  const Paged paged(common);
  if (options.format == "text") {
    print_text(events);
    return {};
  }
  EventPlaces source;
  for (const KnownEvent& event : events) print_json(event, source);
  return {};
}

}  // namespace

void add_list(Registry& registry) {
  auto* command = registry.app.add_subcommand("list", "list the probes of this machine, dtrace++'s first");
  const auto options = std::make_shared<Options>();
  command->add_option("EVENT", options->patterns, "[GROUP:]EVENT, with * and ? for any; default: all");
  add_format_option(*command, options->format, text_or_objects);
  add_pager_option(*command, registry.common);
  add_common_options(*command, registry.common);
  run_alone(*command, registry, options, list);
}

}  // namespace dtp::cmd
