// dtrace++ vars: what can be named at a probe point.
#include <fmt/format.h>

#include <memory>

#include "base/escape.h"
#include "cmd/columns.h"
#include "cmd/command.h"
#include "cmd/target.h"
#include "expr/parse.h"
#include "lower/lower.h"
#include "probe/definition.h"
#include "type/query.h"

namespace dtp::cmd {
namespace {

struct Options {
  TargetOptions target = {};
  std::string point = {};
  bool externs = false;
};

// Where it is, in the kernel's notation, or why it cannot be read.
std::string whereabouts(const lower::Target& target, const lower::Spot& spot, const debug::Variable& variable) {
  const debug::Whereabouts where = target.info->locate(spot.instance, spot.address, variable);
  if (const auto* missing = std::get_if<debug::Unavailable>(&where)) return missing->text;
  const auto& location = std::get<debug::Location>(where);
  path::Path path{.base = location.base, .derefs = location.derefs};
  const bool is_static = !std::holds_alternative<path::Register>(location.base);
  if (location.kind == debug::Location::Kind::memory && !is_static) path.derefs.push_back({location.offset, false});
  const auto text = probe::render_path(path, *target.arch);
  if (!text) return text.error().what;
  const bool is_sum = location.kind == debug::Location::Kind::value && location.offset != 0;
  return is_sum ? fmt::format("{}{:+}, computed", *text, location.offset) : *text;
}

void print_spot(const lower::Target& target, const lower::Spot& spot, bool externs) {
  fmt::print("{}\n", base::escape(probe::render_site(spot.site)));
  std::vector<std::vector<std::string>> rows;
  for (const debug::Variable& variable : target.info->find_variables(spot.instance, spot.address)) {
    const bool is_global = variable.role == debug::Role::global;
    if (is_global && !externs) continue;
    const char* role = variable.role == debug::Role::parameter ? "parameter" : is_global ? "global" : "variable";
    rows.push_back(
        {type::declare(target.info->types(), variable.type), variable.name, whereabouts(target, spot, variable), role});
  }
  if (rows.empty()) fmt::print("  (no variables)\n");
  fmt::print("{}", format_columns(rows, "  "));
}

Result<void> list(const Options& options) {
  DTP_TRY(const expr::ProbePoint point, expr::parse_point(options.point));
  DTP_TRY(const std::unique_ptr<OpenTarget> opened, open_target(options.target));
  DTP_TRY(const std::vector<lower::Spot> spots, lower::find_spots(point, opened->target));
  const auto known = std::ranges::count_if(spots, [](const lower::Spot& spot) { return spot.has_instance; });
  if (opened->target.info == nullptr || known == 0)
    return fail(
        {.what = fmt::format("there is no debug information of '{}'{}", options.point, opened->target.why_no_info),
         .hint = opened->target.info_hint,
         .status = Status::not_possible});
  for (const lower::Spot& spot : spots)
    if (spot.has_instance) print_spot(opened->target, spot, options.externs);
  return {};
}

}  // namespace

void add_vars(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("vars", "list the variables that can be read at a probe point");
  auto options = std::make_shared<Options>();
  command.add_option("POINT", options->point, "FUNCTION[@FILE][+OFFSET|:LINE], FILE:LINE or 0xADDRESS")->required();
  command.add_flag("--externs", options->externs, "list the global variables of the source file, too");
  add_target_options(command, options->target);
  add_common_options(command, registry.common);
  command.footer("Example:\n  dtrace++ vars tcp_sendmsg");
  command.callback([&registry, options] {
    registry.run = [&registry, options] {
      const auto listed = list(*options);
      return listed ? 0 : report(listed.error(), registry.common);
    };
  });
}

}  // namespace dtp::cmd
