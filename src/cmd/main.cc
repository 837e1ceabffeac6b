// dtrace++: the command line.
#include <fmt/core.h>

#include <cstdio>

#include "base/caret.h"
#include "cmd/command.h"

namespace dtp::cmd {

#define DTP_COMMAND(name) void add_##name(Registry& registry);
#include "commands.def"
#undef DTP_COMMAND

int report(const Error& error, const Common& common) {
  fmt::print(stderr, "{}", base::format_error(error, common.verbose));
  return static_cast<int>(error.status);
}

namespace {

int run(int argc, char** argv) {
  CLI::App app{"dynamic tracing with expressions as they stand in the source", "dtrace++"};
  app.set_version_flag("--version", "dtrace++ " DTP_VERSION);
  app.require_subcommand(1);
  Registry registry{app};
#define DTP_COMMAND(name) add_##name(registry);
#include "commands.def"
#undef DTP_COMMAND
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& wrong) {
    return report(Error{.what = wrong.what(), .hint = "run with --help", .status = Status::wrong_request}, registry.common);
  }
  return registry.run();
}

}  // namespace
}  // namespace dtp::cmd

int main(int argc, char** argv) { return dtp::cmd::run(argc, argv); }
