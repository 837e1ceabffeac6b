// The programs and libraries that a recipe's parameters name, found on this machine.
#pragma once

#include <string>
#include <vector>

#include "kernel/target.h"
#include "recipe/recipe.h"
#include "recipe/settings.h"

namespace dtp::cmd {

// A parameter of Type::file is a path, or names of which the first is taken that is there: "mariadbd or mysqld". They
// are looked for in the processes that are watched, then in the command that is run, where programs and libraries are,
// and in all processes.
void find_files(const recipe::Recipe& recipe, const kernel::Target& watched, recipe::Settings& settings);

}  // namespace dtp::cmd
