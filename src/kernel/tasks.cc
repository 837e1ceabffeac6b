#include "kernel/tasks.h"

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/number.h"

namespace dtp::kernel {
namespace {

constexpr unsigned most_cpus = 1U << 16;

// Those of a directory's entries that are numbers, in ascending order.
std::vector<pid_t> numbers_in(const std::string& directory) {
  std::vector<pid_t> numbers;
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (const auto number = base::parse_number<pid_t>(entries->path().filename().string())) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

std::vector<pid_t> threads_of(pid_t pid) { return numbers_in("/proc/" + std::to_string(pid) + "/task"); }

// "Uid:  real  effective  saved  of the file system"
std::optional<uid_t> user_of_status(std::string_view status) {
  constexpr std::string_view key = "\nUid:\t";
  const std::size_t at = status.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view users = status.substr(at + key.size());
  const std::size_t effective = users.find('\t');
  if (effective == std::string_view::npos) return std::nullopt;
  const std::string_view rest = users.substr(effective + 1);
  return base::parse_number<uid_t>(rest.substr(0, rest.find('\t')));
}

std::vector<pid_t> threads_of_user(uid_t user) {
  std::vector<pid_t> threads;
  for (const pid_t pid : numbers_in("/proc")) {
    const auto status = base::read_file("/proc/" + std::to_string(pid) + "/status");
    if (!status || user_of_status(*status) != user) continue;
    const std::vector<pid_t> theirs = threads_of(pid);
    threads.insert(threads.end(), theirs.begin(), theirs.end());
  }
  std::sort(threads.begin(), threads.end());
  return threads;
}

std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text) {
  std::vector<unsigned> cpus;
  while (text.ends_with('\n')) text.remove_suffix(1);
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    const std::string_view range = text.substr(0, comma);
    const std::size_t dash = range.find('-');
    const auto first = base::parse_number<unsigned>(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : base::parse_number<unsigned>(range.substr(dash + 1));
    if (!first || !last || *first > *last || *last >= most_cpus) return std::nullopt;
    for (unsigned cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

Result<std::vector<unsigned>> online_cpus() {
  constexpr const char* file = "/sys/devices/system/cpu/online";
  DTP_TRY(const std::string text, base::read_file(file));
  auto cpus = parse_cpu_list(text);
  if (!cpus) return fail({.what = "cannot understand '" + std::string(file) + "'", .detail = text});
  return *std::move(cpus);
}

}  // namespace dtp::kernel
