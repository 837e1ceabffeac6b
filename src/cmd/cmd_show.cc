// dtrace++ show: what a probe becomes, step by step, and where the knowledge comes from.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "cmd/columns.h"
#include "cmd/command.h"
#include "cmd/compile.h"
#include "cmd/terminal.h"
#include "probe/definition.h"

namespace dtp::cmd {
namespace {

struct Options {
  TargetOptions target = {};
  std::vector<std::string> words = {};
};

void print_field(const path::Field& field, const arch::Arch& arch) {
  std::vector<std::vector<std::string>> rows;
  for (const path::Step& step : field.steps) {
    std::string place = step.path ? probe::render_path(*step.path, arch).value_or("") : "in pieces";
    if (step.added != 0) place += fmt::format("{:+}", step.added);
    rows.push_back({step.text, step.type, std::move(place), step.note});
  }
  fmt::print("{}", format_columns(rows, "  "));
  if (const auto text = probe::render_field(field, arch)) fmt::print("  = {}\n", *text);
}

void print_point(const Compiled& compiled, std::size_t index) {
  const path::Point& point = compiled.plan.points[index];
  fmt::print("{}{}\n", probe::render_site(point.site), point.site.is_return ? ", when it returns" : "");
  if (point.placement)
    fmt::print("placed {} bytes on, on '{}', which the kernel emulates: a hit costs less than on the first byte\n",
               point.placement->bytes, point.placement->instruction);
  std::optional<std::size_t> whole;  // the argument that the fields before were members of
  for (const path::Field& field : point.fields) {
    if (field.is_member_of_whole && field.argument == whole) {
      print_field(field, arch::x86_64());
      continue;
    }
    whole = field.argument;
    if (field.argument < compiled.request.arguments.size())
      fmt::print("argument {}: {}\n", field.argument + 1, compiled.request.arguments[field.argument].text);
    else
      fmt::print("argument of the probe itself: {}\n", field.name);
    print_field(field, arch::x86_64());
  }
  fmt::print("{}\n", compiled.lines[index]);
}

int run(const Options& options, const Common& common) {
  const auto compilation = compile(options.target, {join_words(options.words)});
  if (!compilation) return report(compilation.error(), common);
  print_warnings(*compilation, common);
  const Paged paged(common);
  if (!common.quiet) fmt::print("types and places from: {}\n\n", compilation->source);
  const char* separator = "";
  for (const Compiled& one : compilation->events)
    for (std::size_t i = 0; i < one.plan.points.size(); ++i) {
      fmt::print("{}", std::exchange(separator, "\n"));
      print_point(one, i);
    }
  return 0;
}

}  // namespace

void add_show(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("show", "show what a probe becomes, step by step");
  auto options = std::make_shared<Options>();
  command.add_option("PROBE", options->words, "the probe, as for dtrace++ probe")->required();
  add_target_options(command, options->target);
  add_process_option(command, options->target);
  add_compile_options(command, options->target);
  add_pager_option(command, registry.common);
  add_common_options(command, registry.common);
  command.footer("Example:\n  dtrace++ show 'vfs_read file->f_path.dentry->d_name.name:string'");
  command.callback(
      [&registry, options] { registry.run = [&registry, options] { return run(*options, registry.common); }; });
}

}  // namespace dtp::cmd
