// What every command file offers, and what it finds.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dtracepp/error.h"

namespace dtp::cmd {

enum class Colour { at_terminal, always, never };

// Options of the whole program.
struct Common {
  bool verbose = false;
  bool quiet = false;
  Colour colour = Colour::at_terminal;
  bool with_pager = true;
};

// A command file defines `void add_NAME(Registry&)`: it adds its subcommand and sets `run` from the
// subcommand's callback. `run` returns the exit status.
struct Registry {
  CLI::App& app;
  std::vector<std::string> command = {};  // what follows "--": a command to run under observation
  bool takes_command = false;             // set by the callbacks of those that run one
  Common common = {};
  std::function<int()> run = {};
};

// -v, -q and --color, which every command has.
void add_common_options(CLI::App& command, Common& common);

// Prints the error to standard error and gives the exit status that belongs to it.
int report(const Error& error, const Common& common);

// 0, or what the work says; an error is reported.
inline int finish(const Result<int>& done, const Common& common) { return done ? *done : report(done.error(), common); }
inline int finish(const Result<void>& done, const Common& common) { return done ? 0 : report(done.error(), common); }

// Of a subcommand: `work(options, common)` gives a Result of the exit status, or of nothing.
template <class Options, class Work>
void run_alone(CLI::App& subcommand, Registry& registry, const std::shared_ptr<Options>& options, Work work) {
  subcommand.callback([&registry, options, work] {
    registry.run = [&registry, options, work] { return finish(work(*options, registry.common), registry.common); };
  });
}

// Of one that may run a command under observation: `work(options, command, common)`.
template <class Options, class Work>
void run_with_command(CLI::App& subcommand, Registry& registry, const std::shared_ptr<Options>& options, Work work) {
  subcommand.callback([&registry, options, work] {
    registry.takes_command = true;
    registry.run = [&registry, options, work] {
      return finish(work(*options, registry.command, registry.common), registry.common);
    };
  });
}

}  // namespace dtp::cmd
