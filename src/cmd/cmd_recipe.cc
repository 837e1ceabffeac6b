// dtrace++ recipe: answers to the questions of engineers on call.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/caret.h"
#include "base/file.h"
#include "base/lines.h"
#include "base/pattern.h"
#include "cmd/answer_options.h"
#include "cmd/answering.h"
#include "cmd/columns.h"
#include "cmd/command.h"
#include "cmd/json_object.h"
#include "cmd/output_format.h"
#include "cmd/polling.h"
#include "cmd/recipe_files.h"
#include "cmd/target.h"
#include "cmd/tracepoint.h"
#include "cmd/wrong_word.h"
#include "debug/symbols.h"
#include "expr/parse.h"
#include "kernel/events.h"
#include "kernel/tracefs.h"
#include "recipe/catalog.h"
#include "recipe/settings.h"
#include "report/units.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::string name = {};
  std::vector<std::string> words = {};  // NAME=VALUE
  TargetOptions target = {};
  AnswerFlags answer = {};
  std::vector<std::string> kernels = {};  // of check
  std::string format = "text";            // of list
};

Result<recipe::Recipe> open(const std::string& name) {
  DTP_TRY(const recipe::Source source, recipe::find(name));
  return recipe::load(source);
}

Result<int> run(const Options& options, const std::vector<std::string>& command, const Common& common) {
  DTP_TRY(recipe::Recipe recipe, open(options.name));
  DTP_TRY(recipe::Settings settings, recipe::Settings::create(recipe, options.words));
  if (options.answer.top != 0) recipe.answer.top = options.answer.top;
  DTP_TRY(AnswerOptions wanted, to_answer_options(options.answer, options.target, command, common));
  if (recipe.is_of_machine || recipe.poll) DTP_CHECK(watch_all(recipe, wanted.watched));
  find_files(recipe, wanted.watched, settings);
  return answer(recipe, settings, wanted, common);
}

std::string_view type_name(recipe::Type type) {
  for (const recipe::TypeName& known : recipe::type_names)
    if (known.type == type) return known.name;
  return "";
}

std::string to_json(const recipe::Recipe& recipe) {
  const auto parameter = [](const recipe::Parameter& one) {
    JsonObject object;
    object.text("name", one.name).text("type", type_name(one.type)).text("help", one.help);
    if (one.value) object.text("default", *one.value);
    return object.truth("required", one.is_required);
  };
  return JsonObject()
      .text("name", recipe.name)
      .text("group", recipe.group)
      .text("question", recipe.question)
      .text("cost", recipe.cost)
      .text("file", recipe.file)
      .raw("parameters", json_array(recipe.parameters, parameter))
      .str();
}

Result<int> list(const Options& options) {
  std::vector<recipe::Recipe> recipes;
  for (const recipe::Source& source : recipe::list()) {
    auto one = recipe::load(source);
    if (one)
      recipes.push_back(std::move(*one));
    else
      fmt::print(stderr, "{}", base::format_error(one.error(), false));
  }
  if (options.format == "json") {
    for (const recipe::Recipe& one : recipes) fmt::print("{}\n", to_json(one));
    return 0;
  }
  bool is_first = true;
  for (const std::string_view group : recipe::groups) {
    std::vector<std::vector<std::string>> rows;
    for (const recipe::Recipe& one : recipes)
      if (one.group == group) rows.push_back({one.name, one.question});
    if (rows.empty()) continue;
    fmt::print("{}{}\n{}", is_first ? "" : "\n", group, format_columns(rows, "  "));
    is_first = false;
  }
  return 0;
}

std::string parameter_text(const recipe::Parameter& parameter) {
  std::string text = parameter.help;
  if (!parameter.choices.empty()) text += fmt::format(" ({})", fmt::join(parameter.choices, ", "));
  if (parameter.value) text += fmt::format("; default {}", parameter.value->empty() ? "none" : *parameter.value);
  if (parameter.is_required) text += "; must be given";
  return text;
}

// A word of a shell's command line.
std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char character : text)
    if (character == '\'')
      word += "'\\''";
    else
      word += character;
  return word + "'";
}

// All of it is a parameter that is not there yet.
bool is_to_come(const FilledAttempt& attempt) { return attempt.probe.empty(); }

std::string command_text(const FilledAttempt& attempt, const std::string& filter) {
  if (attempt.attempt->hz != 0) return fmt::format("# where each CPU is, {} times a second", attempt.attempt->hz);
  std::string text = "dtrace++ trace";
  if (!attempt.target.executable.empty()) text += " -x " + shell_word(attempt.target.executable);
  if (!attempt.target.module.empty()) text += " -m " + shell_word(attempt.target.module);
  if (!filter.empty()) text += " --filter " + shell_word(filter);
  return text + " " + shell_word(is_to_come(attempt) ? attempt.attempt->probe : attempt.probe);
}

// The commands, those that do not work here as comments, and the tracefs lines of the first one that does.
void print_ways(const std::vector<FilledAttempt>& attempts, const std::string& filter) {
  std::vector<std::string> lines;
  bool works = std::ranges::any_of(attempts, is_to_come);
  for (const FilledAttempt& attempt : attempts) {
    const std::string command = command_text(attempt, filter);
    if (is_to_come(attempt)) {
      fmt::print("    {}\n", command);
      continue;
    }
    Result<Compilation> compilation = std::unexpected(attempt.why_not.value_or(Error{}));
    if (!attempt.why_not) compilation = compile(attempt.target, {attempt.probe});
    if (!compilation) {
      fmt::print("    # not here, {}:\n    # {}\n", compilation.error().what, command);
      continue;
    }
    fmt::print("    {}\n", command);
    for (const Compiled& compiled : compilation->events)
      if (!works && !is_plain_tracepoint(compiled))
        lines.insert(lines.end(), compiled.lines.begin(), compiled.lines.end());
    works = true;
  }
  for (const std::string& line : lines) fmt::print("    # {}\n", line);
  if (!works) fmt::print("    # no way of these works on this machine\n");
}

// All lines of a text, two to the right.
std::string indented(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::string_view line = base::take_line(text);
    lines += line.empty() ? "\n" : fmt::format("  {}\n", line);
  }
  return lines;
}

// What may be needed is not there yet: it is shown as `${name}`.
recipe::Settings settings_or_none(const recipe::Recipe& recipe, const std::vector<std::string>& words,
                                  Result<void>& ok) {
  auto settings = recipe::Settings::create(recipe, words);
  if (settings) find_files(recipe, {}, *settings);
  if (settings) return *settings;
  if (!words.empty()) ok = std::unexpected(settings.error());
  return {};
}

void print_poll(const recipe::Poll& poll, const recipe::Settings& settings) {
  const auto time = [&](const std::string& text) {
    return report::duration_text(static_cast<double>(time_of(settings.fill(text)).count()));
  };
  fmt::print("  the load, every {}:\n    cat /proc/loadavg\n", time(poll.every));
  const std::string over = settings.fill_any(poll.over);
  if (over.empty()) return;
  fmt::print("  the threads that run or are blocked, when {}, at most every {}:\n", over, time(poll.rest));
  fmt::print("    grep -E '^[0-9]+ .*\\) [RD] ' /proc/[0-9]*/task/*/stat\n    cat /proc/PID/task/TID/stack\n");
}

Result<int> show(const Options& options) {
  DTP_TRY(const recipe::Recipe recipe, open(options.name));
  Result<void> ok;
  const recipe::Settings settings = settings_or_none(recipe, options.words, ok);
  DTP_CHECK(ok);
  fmt::print("{}: {}\n", recipe.name, recipe.question);
  if (!recipe.description.empty()) fmt::print("\n{}", recipe.description);
  fmt::print("\ncost: {}\nfile: {}\n", recipe.cost, recipe.file);
  if (!recipe.parameters.empty()) {
    std::vector<std::vector<std::string>> rows;
    for (const recipe::Parameter& parameter : recipe.parameters)
      rows.push_back({parameter.name, std::string(type_name(parameter.type)), parameter_text(parameter)});
    fmt::print("\nparameters\n{}", format_columns(rows, "  "));
  }
  fmt::print("\nwhat it does, as commands\n");
  if (recipe.poll) print_poll(*recipe.poll, settings);
  for (const recipe::Probe& probe : recipe.probes) {
    const std::vector<FilledAttempt> attempts = fill_attempts(probe, settings, options.target);
    fmt::print("  {}{}{}\n", probe.name, probe.is_optional ? ", if it can be" : "",
               attempts.size() > 1 ? ", by the first of these that works:" : ":");
    print_ways(attempts, settings.fill_filter(probe.filter));
  }
  if (!recipe.example.empty()) fmt::print("\nan answer\n{}", indented(recipe.example));
  return 0;
}

// The tracepoints of another kernel, whose format files are not here. Its symbols are read when they are first asked
// for.
class Tracepoints {
 public:
  explicit Tracepoints(std::string vmlinux) : vmlinux_(std::move(vmlinux)) {}
  // Of the one that a probe is for; empty: it is there.
  std::string why_not(const std::string& text);

 private:
  Result<void> read();

  std::string vmlinux_;
  std::optional<std::vector<std::string>> symbols_ = {};  // "event_NAME"
};

Result<void> Tracepoints::read() {
  DTP_TRY(const auto opened, open_target({.vmlinux = vmlinux_}));
  symbols_.emplace();
  const debug::Symbols symbols = debug::Symbols::of_elf(opened->binary->file);
  for (const debug::Symbol& symbol : symbols.all())
    if (symbol.name.starts_with("event_")) symbols_->emplace_back(symbol.name);
  return {};
}

std::string Tracepoints::why_not(const std::string& text) {
  const auto request = expr::parse_request(text);
  if (!request || request->point.provider.empty()) return "it cannot be told offline";
  if (!symbols_)
    if (const auto done = read(); !done) return done.error().what;
  // The kernel's own name of each event is a symbol: event_NAME, event_enter__NAME of a system call.
  std::string name = "event_" + request->point.function;
  for (const auto& [prefix, instead] :
       {std::pair("event_sys_enter_", "event_enter__"), std::pair("event_sys_exit_", "event_exit__")})
    if (request->point.provider == "syscalls" && name.starts_with(prefix))
      name.replace(0, std::string_view(prefix).size(), instead);
  const bool is_there =
      std::ranges::any_of(*symbols_, [&](const std::string& symbol) { return base::matches_pattern(name, symbol); });
  return is_there ? ""
                  : fmt::format("there is no tracepoint '{}:{}'", request->point.provider, request->point.function);
}

// What this machine's kernel has no kind of probe for; empty: nothing, or it is another kernel.
std::string lacking(const Compilation& compilation, const TargetOptions& target) {
  if (!target.vmlinux.empty()) return "";
  auto tracefs = kernel::find_tracefs();
  if (!tracefs) return "";
  for (const Compiled& compiled : compilation.events)
    if (!is_plain_tracepoint(compiled))
      if (const auto refusal = kernel::find_missing_kind(*tracefs, compiled.lines)) return to_error(*refusal).what;
  return "";
}

// Of a probe that no way of works.
std::string why_not(const std::vector<FilledAttempt>& attempts, Tracepoints& tracepoints) {
  std::vector<std::string> reasons;  // each once
  for (const FilledAttempt& attempt : attempts) {
    std::string reason = attempt.why_not ? attempt.why_not->what : "";
    if (is_to_come(attempt)) return "";
    if (reason.empty()) {
      const auto compilation = compile(attempt.target, {attempt.probe});
      reason = compilation ? lacking(*compilation, attempt.target) : compilation.error().what;
      if (reason.empty()) return "";
      if (reason.contains("not known here") && !attempt.target.vmlinux.empty()) {
        reason = tracepoints.why_not(attempt.probe);
        if (reason.empty()) return "";
      }
    }
    if (std::ranges::find(reasons, reason) == reasons.end()) reasons.push_back(reason);
  }
  return fmt::format("{}", fmt::join(reasons, "; "));
}

struct Checked {
  std::string recipe = {};
  std::string verdict = {};
  std::string reason = {};
};

Checked check_one(const recipe::Source& source, const TargetOptions& target, Tracepoints& tracepoints) {
  const auto recipe = recipe::load(source);
  if (!recipe) return {source.name, "wrong", recipe.error().what};
  Result<void> ok;
  const recipe::Settings settings = settings_or_none(*recipe, {}, ok);
  Checked checked{recipe->name, "ok", ""};
  for (const recipe::Probe& probe : recipe->probes) {
    const std::string reason = why_not(fill_attempts(probe, settings, target), tracepoints);
    if (reason.empty()) continue;
    checked.reason += fmt::format("{}{}: {}", checked.reason.empty() ? "" : "; ", probe.name, reason);
    if (!probe.is_optional) checked.verdict = "fails";
    if (checked.verdict == "ok") checked.verdict = "partly";
  }
  return checked;
}

Result<int> check(const Options& options) {
  std::vector<recipe::Source> sources;
  for (const std::string& name : options.words) {
    DTP_TRY(recipe::Source source, recipe::find(name));
    sources.push_back(std::move(source));
  }
  if (options.words.empty()) sources = recipe::list();
  std::vector<std::string> kernels = options.kernels;
  if (kernels.empty()) kernels.emplace_back();
  bool is_ok = true;
  for (const std::string& kernel : kernels) {
    TargetOptions target = options.target;
    target.vmlinux = kernel;
    Tracepoints tracepoints(kernel);
    if (!kernel.empty()) fmt::print("{}{}\n", &kernel == &kernels.front() ? "" : "\n", kernel);
    std::vector<std::vector<std::string>> rows;
    for (const recipe::Source& source : sources) {
      const Checked checked = check_one(source, target, tracepoints);
      rows.push_back({checked.recipe, checked.verdict, checked.reason});
      is_ok = is_ok && checked.verdict != "wrong" && checked.verdict != "fails";
    }
    fmt::print("{}", format_columns(rows, kernel.empty() ? "" : "  "));
  }
  return is_ok ? 0 : static_cast<int>(Status::not_possible);
}

constexpr std::string_view example = R"~(name = "{0}"
question = "Which files are read, and by whom?"
group = "files"  # cpu, memory, disk, files, network, processes, locks or applications
description = """
What the answer means, and what it does not see.
"""
cost = "one hit for every read of the machine"
columns = [
  {{ value = "comm" }},
  {{ value = "file" }},
  {{ name = "reads", value = "count()" }},
  {{ name = "bytes", value = "sum(asked)", show = "bytes" }},
]
sort = "-bytes"
top = 20

[parameters.min]
type = "bytes"
default = "0"
help = "only reads of at least so many bytes"

[[probe]]
name = "read"
probe = "vfs_read file=file->f_path.dentry->d_name.name:string asked=count"
filter = "asked >= ${{min}}"
)~";

Result<int> make_new(const Options& options) {
  const std::string name = options.name;
  const std::string path = name + ".toml";
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
    return fail(wrong_word("name", name, "a recipe is named by small letters, digits and '-'"));
  }
  DTP_TRY(const base::Fd file, base::open_file(path, O_WRONLY | O_CREAT | O_EXCL));
  DTP_CHECK(base::write_all(file.get(), fmt::format(fmt::runtime(example), name), path));
  fmt::print("{0} is there; try it: dtrace++ recipe run ./{0}\n", path);
  return 0;
}

using Call = Result<int> (*)(const Options&);

CLI::App& add_action(Registry& registry, CLI::App& recipe, const std::shared_ptr<Options>& options, const char* name,
                     const char* description, Call call) {
  CLI::App& action = *recipe.add_subcommand(name, description);
  add_common_options(action, registry.common);
  action.callback([&registry, options, call] {
    registry.run = [&registry, options, call] { return finish(call(*options), registry.common); };
  });
  return action;
}

void add_name(CLI::App& action, Options& options) {
  action.add_option("RECIPE", options.name, "its name, or the path of its file")->required();
}

void add_run(Registry& registry, CLI::App& recipe, const std::shared_ptr<Options>& options) {
  CLI::App& action = *recipe.add_subcommand("run", "answer the question of a recipe, now");
  add_name(action, *options);
  action.add_option("NAME=VALUE", options->words, "parameters; 'recipe show' tells them");
  add_answer_options(action, options->answer);
  action.add_option("--flamegraph", options->answer.flamegraph, "draw the stacks into this SVG file")
      ->type_name("FILE");
  action.add_option("--plot", options->answer.plot, "draw the trend into this SVG file")->type_name("FILE");
  action.add_option("-k,--vmlinux", options->target.vmlinux, "this kernel's debug information")->type_name("FILE");
  add_common_options(action, registry.common);
  run_with_command(action, registry, options, run);
}

}  // namespace

void add_recipe(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("recipe", "answers to questions, ready to run");
  command.allow_extras();
  command.callback([&registry, &command] {
    if (!command.get_subcommands().empty()) return;
    registry.run = [&registry, words = command.remaining()] {
      const std::string word = words.empty() ? "" : words.front();
      return report({.what = word.empty() ? "say what is to be done with recipes" : "recipes know no '" + word + "'",
                     .hint = "there are: list, show, run, check, new",
                     .status = Status::wrong_request},
                    registry.common);
    };
  });
  const auto options = std::make_shared<Options>();
  CLI::App& lists = add_action(registry, command, options, "list", "what can be asked, by what one looks at", list);
  add_format_option(lists, options->format, text_or_objects);
  CLI::App& shows = add_action(registry, command, options, "show", "what a recipe does, as commands", show);
  add_name(shows, *options);
  shows.add_option("NAME=VALUE", options->words, "parameters");
  add_run(registry, command, options);
  CLI::App& checks =
      add_action(registry, command, options, "check", "which recipes work, on this kernel or others", check);
  checks.add_option("RECIPE", options->words, "names or files; without any: all");
  checks.add_option("-k,--vmlinux", options->kernels, "a vmlinux with debug information or BTF; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  CLI::App& makes = add_action(registry, command, options, "new", "a file to begin a recipe with", make_new);
  makes.add_option("NAME", options->name, "of the recipe; the file is NAME.toml")->required();
  command.footer(
      "Examples:\n"
      "  dtrace++ recipe list\n"
      "  dtrace++ recipe show files-read\n"
      "  dtrace++ recipe run files-read min=64K --duration 10s\n"
      "  dtrace++ recipe run bash-commands --format json\n"
      "  dtrace++ recipe check -k vmlinux-6.1 -k vmlinux-6.12");
}

}  // namespace dtp::cmd
