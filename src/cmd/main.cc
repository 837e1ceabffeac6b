// dtrace++: the command line.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "base/caret.h"
#include "base/suggest.h"
#include "cmd/command.h"
#include "cmd/terminal.h"

namespace dtp::cmd {

#define DTP_COMMAND(name) void add_##name(Registry& registry);
#include "commands.def"
#undef DTP_COMMAND

void add_common_options(CLI::App& command, Common& common) {
  auto* verbose = command.add_flag("-v,--verbose", common.verbose, "say more");
  command.add_flag("-q,--quiet", common.quiet, "say nothing but errors")->excludes(verbose);
  command
      .add_option_function<std::string>(
          "--color",
          [&common](const std::string& when) {
            if (when != "auto") common.colour = when == "always" ? Colour::always : Colour::never;
          },
          "colours on a terminal without NO_COLOR (auto, the default), always, or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
}

int report(const Error& error, const Common& common) {
  fmt::print(stderr, "{}", base::format_error(error, common.verbose, has_colour(common, STDERR_FILENO)));
  return static_cast<int>(error.status);
}

namespace {

// What CLI11 says of a wrong first word, and of none, does not help: commands are named here.
std::optional<Error> check_command(CLI::App& app, int argc, char** argv) {
  std::vector<std::string_view> names;
  std::string listed;
  const std::vector<CLI::App*> commands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : commands) {
    names.push_back(command->get_name());
    listed += (listed.empty() ? "" : ", ") + command->get_name();
  }
  if (argc < 2)
    return Error{.what = "no command is given", .hint = "commands are: " + listed, .status = Status::wrong_request};
  const std::string_view word = argv[1];
  if (word.starts_with('-') || std::ranges::find(names, word) != names.end()) return std::nullopt;
  const std::string near = base::did_you_mean(base::nearest(word, names));
  return Error{.what = "there is no command '" + std::string(word) + "'",
               .hint = near.empty() ? "commands are: " + listed : near,
               .status = Status::wrong_request};
}

// What perf does with switches of 'probe' are commands here.
std::string hint_for_switch(std::string_view option) {
  static constexpr std::pair<std::string_view, std::string_view> switches[] = {
      {"-l", "list"}, {"-F", "funcs"}, {"-L", "lines"}, {"-V", "vars"}, {"-d", "delete"}};
  for (const auto& [name, command] : switches)
    if (option == name) return fmt::format("this is a command: dtrace++ {}", command);
  return "run with --help";
}

// CLI11's words in ours, where they say less than they could.
Error explain(const CLI::App& app, const CLI::ParseError& wrong) {
  Error error{.what = wrong.what(), .hint = "run with --help", .status = Status::wrong_request};
  const std::size_t colon = error.what.find(": 1 required ");
  if (colon != std::string::npos) {
    error.what = fmt::format("{} requires a value", error.what.substr(0, colon));
  } else if (dynamic_cast<const CLI::ExtrasError*>(&wrong) != nullptr) {
    const std::vector<std::string> unknown = app.remaining(true);
    if (unknown.empty() || !unknown.front().starts_with('-')) return error;
    error.what = fmt::format("there is no option '{}'", unknown.front());
    error.hint = hint_for_switch(unknown.front());
  }
  return error;
}

int run(int argc, char** argv) {
  CLI::App app{"dynamic tracing with expressions as they stand in the source", "dtrace++"};
  app.set_version_flag("--version", "dtrace++ " DTP_VERSION);
  app.require_subcommand(1);
  // Cut off before the options are read: the command's own options are none of ours.
  char** const dashes = std::find(argv, argv + argc, std::string_view("--"));
  Registry registry{app, {std::min(dashes + 1, argv + argc), argv + argc}};
#define DTP_COMMAND(name) add_##name(registry);
#include "commands.def"
#undef DTP_COMMAND
  if (const auto wrong = check_command(app, argc, argv)) return report(*wrong, registry.common);
  try {
    app.parse(static_cast<int>(dashes - argv), argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& wrong) {
    return report(explain(app, wrong), registry.common);
  }
  if (!registry.command.empty() && !registry.takes_command) {
    return report(Error{.what = "this runs no command: nothing can follow '--'", .status = Status::wrong_request},
                  registry.common);
  }
  return registry.run();
}

}  // namespace
}  // namespace dtp::cmd

int main(int argc, char** argv) { return dtp::cmd::run(argc, argv); }
