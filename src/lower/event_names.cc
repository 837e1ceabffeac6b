#include "lower/event_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "dtracepp/limits.h"
#include "expr/lexer.h"

namespace dtp::lower {
namespace {

constexpr std::string_view return_suffix = "__return";

bool is_legal(const std::string& name) {
  return expr::is_c_name(name) && name.size() <= limits::longest_event &&
         std::ranges::find(limits::reserved_events, name) == limits::reserved_events.end();
}

std::string with_suffix(std::string_view stem, const std::string& suffix) {
  return std::string(stem.substr(0, limits::longest_event - suffix.size())) + suffix;
}

std::string near_name(const std::string& name, const std::set<std::string>& taken) {
  std::string stem = name;
  const std::string suffix(name.ends_with(return_suffix) ? return_suffix : "");
  stem.resize(stem.size() - suffix.size());
  std::ranges::replace_if(
      stem, [](char c) { return !expr::is_name_part(c); }, '_');
  if (!expr::is_c_name(stem)) stem.insert(0, "_");
  std::string near = with_suffix(stem, suffix);
  for (std::size_t i = 1; !is_legal(near) || taken.contains(near); ++i)
    near = with_suffix(stem, fmt::format("_{}{}", i, suffix));
  return near;
}

}  // namespace

std::map<std::string, std::string> legal_event_names(const std::set<std::string>& names) {
  std::map<std::string, std::string> legal;
  std::set<std::string> taken = names;
  for (const std::string& name : names)
    if (!is_legal(name)) taken.insert(legal[name] = near_name(name, taken));
  return legal;
}

}  // namespace dtp::lower
