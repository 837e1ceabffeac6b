#include "kernel/cgroup.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/file.h"
#include "base/lines.h"
#include "base/suggest.h"

namespace dtp::kernel {
namespace {

namespace fs = std::filesystem;

// More groups than that is no tree that anybody made on purpose.
constexpr std::size_t most_groups = 1U << 16;

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty())
    if (base::take_until(list, ',') == word) return true;
  return false;
}

std::vector<std::string> subgroups(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code ignored;
    if (entries->is_directory(ignored) && !entries->is_symlink(ignored)) names.push_back(entries->path().filename());
  }
  std::ranges::sort(names);
  return names;
}

std::string nearest_text(std::string_view typed, const std::vector<std::string>& names) {
  return base::did_you_mean(base::nearest(typed, std::vector<std::string_view>(names.begin(), names.end())));
}

bool is_unit(std::string_view name) {
  return name.ends_with(".service") || name.ends_with(".scope") || name.ends_with(".slice");
}

// Paths below the root of all groups that are units, those nearer to the root first.
std::vector<std::string> list_units(const std::string& root) {
  std::vector<std::string> groups{""};
  std::vector<std::string> units;
  for (std::size_t i = 0; i < groups.size() && groups.size() < most_groups; ++i) {
    for (const std::string& name : subgroups(root + groups[i])) {
      groups.push_back(groups[i] + "/" + name);
      if (is_unit(name)) units.push_back(groups.back());
    }
  }
  return units;
}

std::string last_part(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

Error no_unit(const std::string& name, const std::vector<std::string>& units) {
  std::vector<std::string> names;  // as long as what was typed: suffixes would make all services alike
  for (const std::string& unit : units) {
    const std::string last = last_part(unit);
    names.push_back(is_unit(name) ? last : last.substr(0, last.rfind('.')));
  }
  std::string hint = nearest_text(name, names);
  if (hint.empty()) hint = "'systemctl list-units' names the units that run";
  return {.what = "no unit '" + name + "' runs",
          .where = Where{"--unit", name, {0, name.size()}},
          .hint = std::move(hint),
          .status = Status::wrong_request};
}

}  // namespace

std::optional<std::string> cgroup_root_of(std::string_view mounts) {
  std::optional<std::string> second;
  std::istringstream in{std::string(mounts)};
  std::string rest;
  for (std::string device, place, type, options; in >> device >> place >> type >> options && std::getline(in, rest);) {
    if (type == "cgroup" && has_word(options, "perf_event")) return place;
    if (type == "cgroup2" && !second) second = place;
  }
  return second;
}

Result<std::string> find_cgroup_root() {
  DTP_TRY(const std::string mounts, base::read_file("/proc/self/mounts"));
  if (auto root = cgroup_root_of(mounts)) return *std::move(root);
  return fail({.what = "there are no control groups here",
               .hint = "mount them: mount -t cgroup2 none /sys/fs/cgroup",
               .status = Status::not_possible});
}

Result<std::string> find_cgroup(const std::string& root, const std::string& path) {
  const bool has_root = path == root || path.starts_with(root + "/");
  std::string found = root;
  for (std::size_t at = has_root ? root.size() : 0; at < path.size();) {
    const std::size_t begin = std::min(path.find_first_not_of('/', at), path.size());
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    std::error_code error;
    if (!part.empty() && (part == ".." || !fs::is_directory(found + "/" + part, error))) {
      return fail({.what = "there is no control group '" + path + "'",
                   .where = Where{"--cgroup", path, {begin, end}},
                   .hint = nearest_text(part, subgroups(found)),
                   .status = Status::wrong_request});
    }
    if (!part.empty()) found += "/" + part;
    at = end;
  }
  return found;
}

Result<std::string> find_unit(const std::string& root, const std::string& name) {
  const std::string whole = is_unit(name) ? name : name + ".service";
  const std::vector<std::string> units = list_units(root);
  std::vector<std::string> found;
  for (const std::string& unit : units)
    if (last_part(unit) == whole) found.push_back(unit);
  if (found.empty()) return fail(no_unit(name, units));
  // What a user's own manager started is below "user@1000.service".
  std::vector<std::string> of_system;
  std::ranges::copy_if(found, std::back_inserter(of_system), [](const std::string& unit) {
    const std::size_t at = unit.find("/user@");
    return at == std::string::npos || unit.find('/', at + 1) == std::string::npos;
  });
  if (of_system.size() == 1) found = std::move(of_system);
  if (found.size() == 1) return root + found.front();
  return fail({.what = "there are " + std::to_string(found.size()) + " units '" + whole + "'",
               .where = Where{"--unit", name, {0, name.size()}},
               .hint = "name its control group: --cgroup " + found.front(),
               .status = Status::wrong_request});
}

}  // namespace dtp::kernel
