// dtrace++ funcs: the functions that can be probed.
#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <memory>

#include "base/escape.h"
#include "base/suggest.h"
#include "cmd/command.h"
#include "cmd/target.h"
#include "debug/demangle.h"

namespace dtp::cmd {
namespace {

struct Options {
  TargetOptions target = {};
  std::string pattern = {};
  bool no_demangle = false;
};

bool matches(const std::string& pattern, const std::string& name) {
  return pattern.empty() || ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

// Parts and fragments that the compiler cut out of functions, and symbols that are no functions of the source.
bool is_fragment(std::string_view name) {
  return name.find(".cold") != std::string_view::npos || name.starts_with("__pfx_") || name.starts_with("__cfi_") ||
         name.starts_with("__SCT__");
}

std::vector<std::string> list(const debug::Symbols& symbols, const Options& options) {
  std::vector<std::string> names;
  for (const debug::Symbol& symbol : symbols.all()) {
    if (!symbol.is_function || is_fragment(symbol.name)) continue;
    std::string name(symbol.name);
    const bool matched = matches(options.pattern, name);
    if (!options.no_demangle) name = debug::demangle(name);
    if (matched || matches(options.pattern, name)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Error none(const debug::Symbols& symbols, const Options& options) {
  std::vector<std::string_view> names;
  for (const debug::Symbol& symbol : symbols.all())
    if (symbol.is_function) names.push_back(symbol.name);
  if (names.empty())
    return {.what = "there is no symbol table, so there is nothing to list", .status = Status::not_possible};
  return {.what = fmt::format("no function matches '{}'", options.pattern),
          .hint = base::did_you_mean(base::nearest(options.pattern, names))};
}

int run(const Options& options, const Common& common) {
  const auto opened = open_target(options.target);
  if (!opened) return report(opened.error(), common);
  const debug::Symbols& symbols = (*opened)->target.symbols();
  const std::vector<std::string> names = list(symbols, options);
  if (names.empty()) return report(none(symbols, options), common);
  std::string out;
  for (const std::string& name : names) {
    base::append_escaped(out, name);
    out += '\n';
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
  return 0;
}

}  // namespace

void add_funcs(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("funcs", "list the functions that can be probed");
  auto options = std::make_shared<Options>();
  command.add_option("PATTERN", options->pattern,
                     "a shell pattern, over names as the linker or as the source has them");
  command.add_flag("--no-demangle", options->no_demangle, "C++ and Rust names as the linker has them");
  add_target_options(command, options->target);
  add_common_options(command, registry.common);
  command.footer("Examples:\n  dtrace++ funcs 'tcp_*'\n  dtrace++ funcs -x /bin/bash 'read*'");
  command.callback(
      [&registry, options] { registry.run = [&registry, options] { return run(*options, registry.common); }; });
}

}  // namespace dtp::cmd
