// dtrace++ vars: what can be named at a probe point.
#include <fmt/format.h>

#include <memory>

#include "base/escape.h"
#include "cmd/columns.h"
#include "cmd/command.h"
#include "cmd/json_object.h"
#include "cmd/output_format.h"
#include "cmd/target.h"
#include "cmd/terminal.h"
#include "debug/clone.h"
#include "debug/demangle.h"
#include "expr/parse.h"
#include "lower/lower.h"
#include "probe/definition.h"
#include "type/query.h"

namespace dtp::cmd {
namespace {

struct Options {
  TargetOptions target = {};
  std::vector<std::string> points = {};
  std::string format = "text";
  bool externs = false;
  bool ranges = false;
};

// Where a variable is, for people: "register" "%di", "memory" "+112(%sp)"; or, without a kind, why it cannot be read.
struct Place {
  std::string_view kind = {};
  std::string text = {};
};

Place place_of(const debug::Whereabouts& where, const arch::Arch& arch);

// "%si, %dx"
std::string describe_parts(const std::vector<debug::Piece>& parts, const arch::Arch& arch) {
  std::string text;
  for (const debug::Piece& part : parts) text += (text.empty() ? "" : ", ") + place_of(part.at, arch).text;
  return text;
}

Place place_of(const debug::Whereabouts& where, const arch::Arch& arch) {
  if (const auto* missing = std::get_if<debug::Unavailable>(&where)) return {.text = missing->text};
  const auto& location = std::get<debug::Location>(where);
  if (location.kind == debug::Location::Kind::pieces) return {"pieces", describe_parts(*location.parts, arch)};
  if (location.kind == debug::Location::Kind::pointee)
    return {.text = "it is optimised out there; what it points to is at " + describe_parts(*location.parts, arch)};
  if (const auto* constant = std::get_if<path::Constant>(&location.base))
    return {"constant", std::to_string(constant->value + location.offset)};
  path::Path path{.base = location.base, .derefs = location.derefs};
  const bool is_register = std::holds_alternative<path::Register>(location.base);
  const bool is_memory = location.kind == debug::Location::Kind::memory;
  if (is_memory && is_register) path.derefs.push_back({location.offset, false});
  const auto text = probe::render_path(path, arch);
  if (!text) return {.text = text.error().what};
  if (is_memory) return {"memory", *text};
  if (location.offset == 0 && location.derefs.empty() && is_register) return {"register", *text};
  return {"value", location.offset == 0 ? *text : fmt::format("{}{:+}", *text, location.offset)};
}

std::string_view role_name(debug::Role role) {
  switch (role) {
    case debug::Role::parameter: return "parameter";
    case debug::Role::local: return "variable";
    case debug::Role::global: return "global";
  }
  return "";
}

struct Listed {
  std::string type = {};
  std::string name = {};
  std::string_view role = {};
  Place place = {};
  std::vector<debug::AddressRange> ranges = {};
};

std::vector<Listed> variables_at(const lower::Target& target, const lower::Spot& spot, const Options& options) {
  std::vector<Listed> listed;
  for (const debug::Variable& variable : target.info->find_variables(spot.instance, spot.address)) {
    const bool is_global = variable.role == debug::Role::global;
    if (is_global && !options.externs) continue;
    Listed one{.type = type::declare(target.info->types(), variable.type),
               .name = variable.name,
               .role = role_name(variable.role),
               .place = place_of(target.info->locate(spot.instance, spot.address, variable), *target.arch)};
    if (options.ranges && !is_global) one.ranges = target.info->live_ranges(spot.instance, variable);
    listed.push_back(std::move(one));
  }
  return listed;
}

// "vfs_read+0..+44": relative to the symbol that has the code, a part that was cut off being one of its own.
std::string describe(const debug::AddressRange& range, const lower::Target& target) {
  const debug::Symbol* symbol = target.symbols().find_function_at(range.begin);
  if (symbol == nullptr) return fmt::format("{:#x}..{:#x}", range.begin, range.end);
  return fmt::format("{}+{}..+{}", debug::demangle(symbol->name), range.begin - symbol->address,
                     range.end - symbol->address);
}

std::string describe_ranges(const Listed& one, const lower::Target& target) {
  if (one.ranges.empty()) return one.role == "global" ? "everywhere" : "nowhere";
  std::string text;
  for (const debug::AddressRange& range : one.ranges) text += (text.empty() ? "" : ", ") + describe(range, target);
  return text;
}

// "vfs_readv+96  (import_iovec inlined)"
std::string head_of(const lower::Spot& spot) {
  const std::string site = probe::render_site(spot.site);
  return spot.instance.is_inlined ? fmt::format("{}  ({} inlined)", site, spot.instance.function) : site;
}

std::string format_text(const lower::Target& target, const lower::Spot& spot, const Options& options) {
  std::vector<std::vector<std::string>> rows;
  for (const Listed& one : variables_at(target, spot, options)) {
    const std::string place =
        one.place.kind.empty() ? one.place.text : fmt::format("{} {}", one.place.kind, one.place.text);
    rows.push_back({one.type, one.name, place, std::string(one.role)});
    if (options.ranges) rows.back().push_back(describe_ranges(one, target));
  }
  return base::escape(head_of(spot)) + "\n" + (rows.empty() ? "  (no variables)\n" : format_columns(rows, "  "));
}

std::string format_json(const lower::Target& target, const lower::Spot& spot, const Options& options) {
  JsonObject object;
  object.text("place", probe::render_site(spot.site)).text("function", spot.instance.function);
  object.truth("inlined", spot.instance.is_inlined);
  object.raw("variables", json_array(variables_at(target, spot, options), [&](const Listed& one) {
               JsonObject variable;
               variable.text("name", one.name).text("type", one.type).text("role", one.role);
               if (one.place.kind.empty())
                 variable.text("unreadable", one.place.text);
               else
                 variable.text("in", one.place.kind).text("location", one.place.text);
               if (options.ranges)
                 variable.raw("ranges", json_array(one.ranges, [&](const debug::AddressRange& range) {
                                return JsonObject().number("begin", range.begin).number("end", range.end);
                              }));
               return variable;
             }));
  return object.str() + "\n";
}

Result<std::string> list(const std::string& text, const lower::Target& target, const Options& options) {
  DTP_TRY(const expr::ProbePoint point, expr::parse_point(text));
  DTP_TRY(const std::vector<lower::Spot> spots, lower::find_spots(point, target));
  std::string out;
  for (const lower::Spot& spot : spots)
    if (spot.has_instance)
      out += options.format == "json" ? format_json(target, spot, options) : format_text(target, spot, options);
  if (target.info == nullptr || out.empty())
    return fail({.what = fmt::format("there is no debug information of '{}'{}", text, target.why_no_info),
                 .hint = target.info_hint,
                 .status = Status::not_possible});
  return out;
}

int run(const Options& options, const Common& common) {
  const auto opened = open_target(options.target);
  if (!opened) return report(opened.error(), common);
  int status = 0;
  const Paged paged(common);
  for (const std::string& point : options.points) {
    const auto listed = list(point, (*opened)->target, options);
    if (listed)
      std::fwrite(listed->data(), 1, listed->size(), stdout);
    else
      status = report(listed.error(), common);
  }
  return status;
}

}  // namespace

void add_vars(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("vars", "list the variables that can be read at a probe point");
  auto options = std::make_shared<Options>();
  command.add_option("POINT", options->points, "FUNCTION[@FILE][+OFFSET|:LINE], FILE:LINE or 0xADDRESS")->required();
  command.add_flag("--externs", options->externs, "list the global variables of the source file, too");
  command.add_flag("--range", options->ranges, "say where in the code each variable has a value");
  add_format_option(command, options->format, text_or_objects);
  add_target_options(command, options->target);
  add_process_option(command, options->target);
  add_pager_option(command, registry.common);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ vars tcp_sendmsg\n"
      "  dtrace++ vars --range -k vmlinux vfs_read:10\n"
      "  dtrace++ vars -x ./server --externs main handle_request");
  command.callback(
      [&registry, options] { registry.run = [&registry, options] { return run(*options, registry.common); }; });
}

}  // namespace dtp::cmd
