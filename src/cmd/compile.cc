#include "cmd/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/caret.h"
#include "base/errors.h"
#include "base/escape.h"
#include "base/suggest.h"
#include "cmd/columns.h"
#include "cmd/target.h"
#include "expr/parse.h"
#include "lower/lower.h"
#include "probe/check.h"
#include "probe/definition.h"

namespace dtp::cmd {
namespace {

Where place_of(const expr::Request& request, std::size_t argument, bool is_of_type = false) {
  if (argument >= request.arguments.size())
    return Where{"probe point", request.point.text, {0, request.point.text.size()}};
  const expr::ProbeArgument& asked = request.arguments[argument];
  const Span whole{0, asked.text.size()};
  return Where{fmt::format("argument {}", argument + 1), asked.text,
               is_of_type && asked.type ? asked.type_span : whole};
}

Result<void> check(const expr::Request& request, const path::Plan& plan, const arch::Arch& arch) {
  std::optional<Error> wrong;
  for (const probe::Violation& violation : probe::check_limits(plan, arch))
    base::add_error(wrong, {.what = violation.what,
                            .where = place_of(request, violation.argument, violation.is_of_type),
                            .hint = violation.hint,
                            .status = Status::wrong_request});
  if (wrong) return fail(std::move(*wrong));
  return {};
}

// A struct that is fetched whole may be more than the kernel takes.
void fit(const expr::Request& request, path::Plan& plan, const arch::Arch& arch) {
  std::map<std::size_t, std::vector<std::string>> left_out;
  for (const path::Field& field : probe::leave_out_excess(plan, arch)) left_out[field.argument].push_back(field.name);
  for (const auto& [argument, names] : left_out)
    plan.warnings.push_back(
        {.what = "the kernel does not take all of this struct: left out are " + base::list_some(names, 8),
         .where = place_of(request, argument),
         .hint = "ask for the members that matter"});
}

Result<void> compile_one(const lower::Target& target, const std::string& text, const std::string& group,
                         const lower::Options& options, Compilation& compilation) {
  DTP_TRY(const expr::Request request, expr::parse_request(text));
  DTP_TRY(lower::Outcome outcome, lower::lower(request, target, options));
  std::ranges::move(outcome.omitted, std::back_inserter(compilation.omitted));
  for (path::Plan& plan : outcome.plans) {
    Compiled compiled{.request = request, .plan = std::move(plan)};
    compiled.group = compiled.plan.group;
    if (!group.empty()) compiled.plan.group = group;
    fit(compiled.request, compiled.plan, *target.arch);
    DTP_CHECK(check(compiled.request, compiled.plan, *target.arch));
    DTP_TRY(compiled.lines, probe::render(compiled.plan, *target.arch));
    compilation.events.push_back(std::move(compiled));
  }
  return {};
}

// The kernel ends a path at a space, and a definition at the end of the line.
Result<void> check_path(const std::string& path) {
  if (std::ranges::all_of(path, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '#'; })) return {};
  return fail({.what = fmt::format("the kernel takes no spaces in a path: '{}'", base::escape(path)),
               .hint = "give the file another name by a hard link, and probe that",
               .status = Status::not_possible});
}

// Wrong requests are told of when their turn comes.
void expect_functions(debug::Info& info, const std::vector<std::string>& requests) {
  std::vector<std::string> names;
  for (const std::string& text : requests)
    if (auto request = expr::parse_request(text); request && !request->point.is_pattern)
      names.push_back(std::move(request->point.function));
  info.expect_functions(names);
}

}  // namespace

void print_omissions(const std::vector<path::Omission>& omitted, std::size_t kept, const Common& common) {
  if (omitted.empty() || common.quiet) return;
  fmt::print(stderr, "warning: {} of {} places are left out\n", omitted.size(), omitted.size() + kept);
  std::vector<std::vector<std::string>> rows;
  for (const path::Omission& one : omitted) {
    // The first column says where.
    const std::string site = probe::render_site(one.site);
    std::string what = one.reason.what;
    if (const std::size_t at = what.find(" at " + site); at != std::string::npos) what.erase(at, site.size() + 4);
    rows.push_back({site, std::move(what)});
  }
  fmt::print(stderr, "{}", format_columns(rows, "  "));
}

void add_source_option(CLI::App& command, TargetOptions& options) {
  command
      .add_option("-s,--source", options.source_root,
                  "find the source below this directory; leading directories of its path are left out as needed")
      ->type_name("DIR");
}

void add_compile_options(CLI::App& command, TargetOptions& options) {
  add_source_option(command, options);
  command.add_flag("--require-all", options.lowering.require_all,
                   "fail when an argument cannot be read at one of several places");
  command.add_option("--max-probes", options.lowering.max_probes, "the most places of one probe; the default is 128")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command.add_flag("--no-inlines", options.lowering.no_inlines, "leave inlined copies of functions out");
  command.add_flag("--exact-entry", options.lowering.exact_entry,
                   "probe a program's functions on their first byte, not on a later instruction that costs less");
  command.add_flag("--fprobe", options.by_function_probes,
                   "probe entries and returns of kernel functions by fprobes, which cost less than kprobes");
  command
      .add_option("--kernel-has", options.kernel_has,
                  "with -k: what that kernel can do: return-args, fprobes, path-names")
      ->type_name("WAY,...")
      ->delimiter(',')
      ->check(CLI::IsMember({"return-args", "fprobes", "path-names"}));
  command
      .add_option("--format-file", options.format_file, "take a tracepoint's fields from this copy of its format file")
      ->type_name("FILE");
}

void print_warnings(const Compilation& compilation, const Common& common) {
  if (common.quiet) return;
  for (const Compiled& one : compilation.events)
    for (const Error& warning : one.plan.warnings) {
      const std::string text = base::format_error(warning, common.verbose);
      fmt::print(stderr, "warning{}", text.substr(text.find(':')));
    }
  std::size_t kept = 0;
  for (const Compiled& compiled : compilation.events) kept += compiled.plan.points.size();
  print_omissions(compilation.omitted, kept, common);
}

Result<Compilation> compile(const TargetOptions& options, const std::vector<std::string>& requests,
                            const std::string& group) {
  DTP_TRY(const std::unique_ptr<OpenTarget> target, open_target(options));
  if (target->target.is_user()) DTP_CHECK(check_path(target->target.object));
  Compilation compilation{.source = target->info ? target->info->source() : "symbols only"};
  if (target->info && requests.size() > 1) expect_functions(*target->info, requests);
  std::optional<Error> wrong;
  for (const std::string& request : requests)
    if (auto compiled = compile_one(target->target, request, group, options.lowering, compilation); compiled)
      continue;
    else if (options.keep_going)
      compilation.failed.push_back(std::move(compiled.error()));
    else
      base::add_error(wrong, std::move(compiled.error()));
  if (wrong) return fail(std::move(*wrong));
  return compilation;
}

std::string join_words(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

}  // namespace dtp::cmd
