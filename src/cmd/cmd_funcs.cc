// dtrace++ funcs: the functions that can be probed. The symbols tell their names, fast; what else there is to say
// of them, and those that are inlined everywhere, take a walk through all debug information.
#include <fmt/format.h>
#include <fnmatch.h>
#include <regex.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/escape.h"
#include "base/suggest.h"
#include "cmd/columns.h"
#include "cmd/command.h"
#include "cmd/json_object.h"
#include "cmd/output_format.h"
#include "cmd/target.h"
#include "cmd/terminal.h"
#include "debug/clone.h"
#include "debug/demangle.h"

namespace dtp::cmd {
namespace {

struct Options {
  TargetOptions target = {};
  std::vector<std::string> patterns = {};
  std::string format = "text";
  bool is_regex = false;
  bool is_long = false;
  bool all = false;
  bool no_demangle = false;
};

// The user's patterns, over names as the linker and as the source have them. Any of them suffices.
class Matcher {
 public:
  static Result<Matcher> make(const Options& options) {
    Matcher matcher;
    for (std::size_t i = 0; i < options.patterns.size(); ++i) {
      const std::string& pattern = options.patterns[i];
      if (!options.is_regex) {
        matcher.globs_.push_back(pattern);
        // "geo::Shape::grow" is enough to name all functions of that name, whatever they take.
        if (pattern.find('(') == pattern.npos) matcher.globs_.push_back(pattern + "(*");
        continue;
      }
      auto expression = std::unique_ptr<::regex_t, void (*)(::regex_t*)>(new ::regex_t{}, release);
      if (const int wrong = ::regcomp(expression.get(), pattern.c_str(), REG_EXTENDED | REG_NOSUB); wrong != 0) {
        char text[128] = {};
        ::regerror(wrong, expression.get(), text, sizeof text);
        return fail({.what = fmt::format("not a regular expression: {}", text),
                     .where = Where{fmt::format("pattern {}", i + 1), pattern, {0, pattern.size()}},
                     .status = Status::wrong_request});
      }
      matcher.expressions_.push_back(std::move(expression));
    }
    return matcher;
  }

  bool operator()(const std::string& name) const {
    if (globs_.empty() && expressions_.empty()) return true;
    for (const std::string& glob : globs_)
      if (::fnmatch(glob.c_str(), name.c_str(), 0) == 0) return true;
    for (const auto& expression : expressions_)
      if (::regexec(expression.get(), name.c_str(), 0, nullptr, 0) == 0) return true;
    return false;
  }

 private:
  static void release(::regex_t* expression) {
    ::regfree(expression);
    delete expression;
  }

  std::vector<std::string> globs_ = {};
  std::vector<std::unique_ptr<::regex_t, void (*)(::regex_t*)>> expressions_ = {};
};

// What is shown of a symbol: none when it is not asked for.
class Namer {
 public:
  Namer(const Options& options, const Matcher& matches) : options_(options), matches_(matches) {}

  std::optional<std::string> shown(std::string_view symbol_name) const {
    if (!options_.all && debug::is_fragment(symbol_name)) return std::nullopt;
    std::string name(options_.all ? symbol_name : debug::without_clone_suffix(symbol_name));
    if (options_.no_demangle || !is_mangled(name))
      return matches_(name) ? std::optional(std::move(name)) : std::nullopt;
    std::string demangled = debug::demangle(name);
    if (!matches_(demangled) && !matches_(name)) return std::nullopt;
    return demangled;
  }

 private:
  static bool is_mangled(std::string_view name) { return name.starts_with('_'); }

  const Options& options_;
  const Matcher& matches_;
};

struct Function {
  std::string name = {};  // as it is shown
  std::string file = {};
  unsigned line = 0;
  std::vector<debug::AddressRange> bodies = {};
  std::optional<std::size_t> inlined = {};  // number of copies; symbols do not tell
};

// Bodies that are described already. Another name at the same address is worth a line of its own.
using KnownBodies = std::set<std::pair<std::uint64_t, std::string>>;

std::vector<Function> from_symbols(const debug::Symbols& symbols, const Namer& namer, const KnownBodies& known = {}) {
  std::vector<std::pair<std::string, const debug::Symbol*>> named;
  for (const debug::Symbol& symbol : symbols.all()) {
    if (!symbol.is_function) continue;
    auto name = namer.shown(symbol.name);
    if (name && !known.contains({symbol.address, *name})) named.emplace_back(std::move(*name), &symbol);
  }
  std::ranges::sort(named, {}, [](const auto& one) -> const std::string& { return one.first; });
  std::vector<Function> functions;
  for (auto& [name, symbol] : named) {
    if (functions.empty() || functions.back().name != name) functions.push_back({.name = std::move(name)});
    const debug::AddressRange body{symbol->address, symbol->address + symbol->size};
    auto& bodies = functions.back().bodies;
    // Aliases and hidden addresses: one is as good as all.
    if (std::ranges::none_of(bodies, [&](const auto& other) { return other.begin == body.begin; }))
      bodies.push_back(body);
  }
  return functions;
}

// With those that the debug information lacks: assembly, other compilers' files.
std::vector<Function> from_debug_info(debug::Info& info, const debug::Symbols& symbols, const Namer& namer) {
  std::vector<Function> functions;
  KnownBodies known;
  const auto shown = [&](std::string_view name, std::string_view linkage_name) {
    return namer.shown(linkage_name.empty() ? name : linkage_name);
  };
  for (debug::FunctionSummary& one : info.list_functions([&](std::string_view name, std::string_view linkage_name) {
         return shown(name, linkage_name).has_value();
       })) {
    std::string name = namer.shown(one.name).value_or(one.name);
    for (const debug::AddressRange& body : one.bodies) known.emplace(body.begin, name);
    functions.push_back({.name = std::move(name),
                         .file = std::move(one.file),
                         .line = one.line,
                         .bodies = std::move(one.bodies),
                         .inlined = one.inlined});
  }
  std::ranges::move(from_symbols(symbols, namer, known), std::back_inserter(functions));
  std::ranges::stable_sort(functions, {}, [](const Function& f) { return std::tie(f.name, f.file, f.line); });
  return functions;
}

void print_names(const std::vector<Function>& functions) {
  std::string out;
  for (std::size_t i = 0; i < functions.size();) {
    std::size_t places = 0;
    const std::string& name = functions[i].name;
    for (; i < functions.size() && functions[i].name == name; ++i)
      places += std::max<std::size_t>(1, functions[i].bodies.size());
    base::append_escaped(out, name);
    if (places > 1) out += fmt::format("  ({} places)", places);
    out += '\n';
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
}

std::string count(std::size_t number, const char* one, const char* many) {
  return number == 1 ? one : fmt::format(fmt::runtime(many), number);
}

std::string describe(const Function& function) {
  const std::size_t inlined = function.inlined.value_or(0);
  const std::string copies = inlined == 0 ? "" : count(inlined, "inlined", "inlined at {} places");
  if (function.bodies.empty()) return copies;
  const std::string bodies = count(function.bodies.size(), "out of line", "out of line at {} places");
  return copies.empty() ? bodies : bodies + ", " + copies;
}

std::string unit_of(const Function& function) {
  return function.file.empty() ? "-" : fmt::format("{}:{}", function.file, function.line);
}

void print_long(const std::vector<Function>& functions) {
  std::vector<std::vector<std::string>> rows;
  for (const Function& function : functions) {
    const bool has_body = !function.bodies.empty();
    const debug::AddressRange body = has_body ? function.bodies.front() : debug::AddressRange{};
    rows.push_back({has_body ? fmt::format("{:#x}", body.begin) : "-",
                    has_body ? fmt::format("{:>6}", body.end - body.begin) : "     -", describe(function),
                    unit_of(function), function.name});
  }
  const std::string out = format_columns(rows, "");
  std::fwrite(out.data(), 1, out.size(), stdout);
}

void print_json(const std::vector<Function>& functions) {
  std::string out;
  for (const Function& function : functions) {
    JsonObject object;
    object.text("function", function.name);
    if (!function.file.empty()) object.text("file", function.file).number("line", function.line);
    object.raw("bodies", json_array(function.bodies, [](const debug::AddressRange& body) {
                 return JsonObject().number("address", body.begin).number("size", body.end - body.begin);
               }));
    if (function.inlined) object.number("inlined", *function.inlined);
    out += object.str() + "\n";
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
}

Error none(const debug::Symbols& symbols, const Options& options) {
  std::vector<std::string> names;
  for (const debug::Symbol& symbol : symbols.all())
    if (symbol.is_function)
      names.push_back(options.no_demangle ? std::string(symbol.name) : debug::demangle(symbol.name));
  if (names.empty())
    return {.what = "there is no symbol table, so there is nothing to list", .status = Status::not_possible};
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string& pattern = options.patterns.front();
  return {.what = options.patterns.size() == 1 ? fmt::format("no function matches '{}'", pattern)
                                               : "no function matches any of the patterns",
          .hint = base::did_you_mean(base::nearest(pattern, views))};
}

Result<std::vector<Function>> find(const Options& options) {
  DTP_TRY(const Matcher matcher, Matcher::make(options));
  const Namer namer(options, matcher);
  TargetOptions target = options.target;
  target.symbols_only = !options.is_long;
  DTP_TRY(std::unique_ptr<OpenTarget> opened, open_target(target));
  if (target.symbols_only) {
    std::vector<Function> functions = from_symbols(opened->target.symbols(), namer);
    if (!functions.empty()) return functions;
    // Perhaps it is inlined everywhere.
    target.symbols_only = false;
    if (auto with_info = open_target(target)) opened = std::move(*with_info);
  }
  const debug::Symbols& symbols = opened->target.symbols();
  std::vector<Function> functions =
      opened->info ? from_debug_info(*opened->info, symbols, namer) : from_symbols(symbols, namer);
  if (functions.empty()) {
    if (options.patterns.empty()) return fail(none(symbols, Options{.patterns = {""}}));
    return fail(none(symbols, options));
  }
  return functions;
}

int run(const Options& options, const Common& common) {
  const auto functions = find(options);
  if (!functions) return report(functions.error(), common);
  const Paged paged(common);
  if (options.format == "json")
    print_json(*functions);
  else if (options.is_long)
    print_long(*functions);
  else
    print_names(*functions);
  return 0;
}

}  // namespace

void add_funcs(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("funcs", "list the functions that can be probed");
  auto options = std::make_shared<Options>();
  command.add_option("PATTERN", options->patterns,
                     "shell patterns, over names as the linker or as the source has them");
  command.add_flag("-r,--regex", options->is_regex, "the patterns are extended regular expressions");
  command.add_flag("-l,--long", options->is_long,
                   "with address, size, source file, and whether it is inlined; takes debug information");
  command.add_flag("--all", options->all, "parts and clones that the compiler made, too, by their own names");
  command.add_flag("--no-demangle", options->no_demangle, "C++ and Rust names as the linker has them");
  add_format_option(command, options->format, text_or_objects);
  add_target_options(command, options->target);
  add_process_option(command, options->target);
  add_pager_option(command, registry.common);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ funcs 'tcp_*'\n"
      "  dtrace++ funcs -x /bin/bash 'read*'\n"
      "  dtrace++ funcs -l -k vmlinux 'vfs_*' '*_fdget'\n"
      "  dtrace++ funcs -x libjvm.so 'G1GC*'");
  command.callback(
      [&registry, options] { registry.run = [&registry, options] { return run(*options, registry.common); }; });
}

}  // namespace dtp::cmd
