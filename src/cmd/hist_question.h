// What is counted of a probe, as hist and arm take it: the recipe that gives the table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cmd/command.h"
#include "cmd/compile.h"
#include "recipe/recipe.h"

namespace dtp::cmd {

// As the user typed them.
struct HistFlags {
  std::string keys = {};
  std::string values = {};
  bool by_powers = false;
  std::uint64_t step = 0;
  std::string sort = {};
  std::string filter = {};
};
// Gives the option of the keys.
CLI::Option* add_hist_options(CLI::App& command, HistFlags& flags);

// `probe`: as typed, with its arguments. `top`: rows of the table; 0: all.
Result<recipe::Recipe> to_recipe(const std::string& probe, const HistFlags& flags, const TargetOptions& target,
                                 std::size_t top);

}  // namespace dtp::cmd
