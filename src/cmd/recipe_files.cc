#include "cmd/recipe_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "debug/info.h"
#include "debug/process_files.h"

namespace dtp::cmd {
namespace {

constexpr std::string_view separator = " or ";

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = text.find(separator);
    names.emplace_back(text.substr(0, end));
    if (end != std::string_view::npos) text.remove_prefix(end + separator.size());
  }
  return names;
}

bool is_name(const std::string& name) { return !name.contains('/'); }

// Not a script that calls another one of the same name.
bool is_binary(const std::string& path) { return !path.empty() && debug::open_binary(path).has_value(); }

// A parameter, and the names that its file may have.
struct Wanted {
  const std::string& parameter;
  std::vector<std::string> names = {};
  std::string text() const { return fmt::format("'{}'", fmt::join(names, "' or '")); }
  std::string hint() const {
    return fmt::format("say where it is: {}=FILE, or which process has it: -p PID", parameter);
  }
};

Result<std::string> find_in_process(pid_t pid, const Wanted& wanted) {
  for (const std::string& name : wanted.names) {
    const auto found = is_name(name) ? debug::find_mapped(pid, name) : debug::find_in_root(pid, name);
    if (found && !found->path.empty()) return found->path;
    if (!found && is_name(name)) return std::unexpected(found.error());
  }
  return fail({.what = fmt::format("process {} has no program or library {}", pid, wanted.text()),
               .hint = wanted.hint(),
               .status = Status::wrong_request});
}

// All must have the same one.
Result<std::string> find_in_processes(const std::vector<pid_t>& pids, const Wanted& wanted) {
  std::string first;
  for (const pid_t pid : pids) {
    DTP_TRY(const std::string path, find_in_process(pid, wanted));
    std::error_code error;
    if (!first.empty() && !std::filesystem::equivalent(first, path, error))
      return fail({.what = fmt::format("the processes have different files: '{}' and '{}'", first, path),
                   .hint = "watch one after the other",
                   .status = Status::wrong_request});
    first = path;
  }
  return first;
}

// The program of the command, if it goes by the name.
std::string find_of_command(const std::vector<std::string>& command, const std::string& name) {
  if (command.empty()) return "";
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(
      is_name(command.front()) ? debug::find_by_name(command.front()) : command.front(), error);
  return !error && debug::is_called(real.filename().string(), name) ? real.string() : "";
}

Result<std::string> find_anywhere(const std::vector<std::string>& command, const Wanted& wanted) {
  for (const std::string& name : wanted.names) {
    const std::vector<std::string> own =
        is_name(name) ? std::vector{find_of_command(command, name), debug::find_by_name(name)} : std::vector{name};
    if (const auto found = std::ranges::find_if(own, is_binary); found != own.end()) return *found;
    if (!is_name(name)) continue;
    DTP_TRY(std::string running, debug::find_running(name));
    if (!running.empty()) return running;
  }
  return fail({.what = fmt::format("there is no {} on this machine, and no process runs one", wanted.text()),
               .hint = wanted.hint(),
               .status = Status::not_possible});
}

}  // namespace

void find_files(const recipe::Recipe& recipe, const kernel::Target& watched, recipe::Settings& settings) {
  std::vector<pid_t> pids = watched.pids;
  pids.insert(pids.end(), watched.tids.begin(), watched.tids.end());
  for (const recipe::Parameter& parameter : recipe.parameters) {
    const auto value = settings.values().find(parameter.name);
    if (parameter.type != recipe::Type::file || value == settings.values().end()) continue;
    const Wanted wanted{parameter.name, split(value->second)};
    // One path is what is meant: whatever is wrong with it is told when it is opened.
    if (pids.empty() && wanted.names.size() == 1 && !is_name(wanted.names.front())) continue;
    auto found = pids.empty() ? find_anywhere(watched.command, wanted) : find_in_processes(pids, wanted);
    if (found)
      settings.set_file(parameter.name, std::move(*found));
    else
      settings.miss_file(parameter.name, std::move(found.error()));
  }
}

}  // namespace dtp::cmd
