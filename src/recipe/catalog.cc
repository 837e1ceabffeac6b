#include "recipe/catalog.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "base/file.h"
#include "base/lines.h"
#include "base/suggest.h"
#include "recipe/catalog_embedded.h"

namespace dtp::recipe {
namespace {

constexpr std::string_view suffix = ".toml";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string name_of(const std::filesystem::path& file) { return file.stem().string(); }

void add_folder(const std::string& folder, std::map<std::string, Source>& sources) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != suffix) continue;
    auto text = base::read_file(entry.path().string());
    if (text) sources[name_of(entry.path())] = {name_of(entry.path()), entry.path().string(), std::move(*text)};
  }
}

}  // namespace

std::span<const std::pair<std::string_view, std::string_view>> built_in() { return embedded::recipes; }

std::vector<std::string> search_path() {
  std::vector<std::string> folders{"/etc/dtrace++/recipes"};
  std::string config = environment("XDG_CONFIG_HOME");
  if (config.empty() && !environment("HOME").empty()) config = environment("HOME") + "/.config";
  if (!config.empty()) folders.push_back(config + "/dtrace++/recipes");
  const std::string asked = environment("DTRACEPP_RECIPE_PATH");
  std::string_view rest = asked;
  while (!rest.empty())
    if (const std::string_view folder = base::take_until(rest, ':'); !folder.empty()) folders.emplace_back(folder);
  return folders;
}

std::vector<Source> list() {
  std::map<std::string, Source> sources;
  for (const auto& [name, text] : built_in())
    sources[std::string(name)] = {std::string(name), "built in", std::string(text)};
  for (const std::string& folder : search_path()) add_folder(folder, sources);
  std::vector<Source> all;
  for (auto& [name, source] : sources) all.push_back(std::move(source));
  return all;
}

Result<Source> find(const std::string& wanted) {
  if (wanted.contains('/') || wanted.ends_with(suffix)) {
    DTP_TRY(std::string text, base::read_file(wanted));
    return Source{name_of(wanted), wanted, std::move(text)};
  }
  const std::vector<Source> all = list();
  const auto found = std::ranges::find(all, wanted, &Source::name);
  if (found != all.end()) return *found;
  std::vector<std::string_view> names;
  for (const Source& source : all) names.push_back(source.name);
  const std::string guess = base::did_you_mean(base::nearest(wanted, names));
  return fail({.what = fmt::format("there is no recipe '{}'", wanted),
               .where = Where{"recipe", wanted, {0, wanted.size()}},
               .hint = guess.empty() ? "'dtrace++ recipe list' shows them" : guess,
               .status = Status::wrong_request});
}

Result<Recipe> load(const Source& source) {
  DTP_TRY(Recipe recipe,
          parse(source.text, source.file == "built in" ? source.name + std::string(suffix) : source.file));
  recipe.file = source.file;
  if (recipe.name == source.name) return recipe;
  return fail({.what = fmt::format("{}: the recipe is named '{}', its file is not", source.file, recipe.name),
               .hint = fmt::format("name the file {}{}", recipe.name, suffix),
               .status = Status::wrong_request});
}

}  // namespace dtp::recipe
