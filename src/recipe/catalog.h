// Where recipes come from: those that are part of the program, of the machine, of the user, and of
// DTRACEPP_RECIPE_PATH. Of two with the same name the later one counts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recipe/recipe.h"

namespace dtp::recipe {

struct Source {
  std::string name = {};  // of the recipe: that of its file without ".toml"
  std::string file = {};  // "built in" for those of the program
  std::string text = {};
};

// Those that are part of the program.
std::span<const std::pair<std::string_view, std::string_view>> built_in();

// Folders of others, in the order in which they are looked at.
std::vector<std::string> search_path();

// All of them by name; a folder or a file that cannot be read is left out.
std::vector<Source> list();
// A name, or the path of a file.
Result<Source> find(const std::string& wanted);
// The file's name must be the recipe's.
Result<Recipe> load(const Source& source);

}  // namespace dtp::recipe
