#include "kernel/tasks.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>

#include "base/file.h"

namespace dtp::kernel {
namespace {

constexpr unsigned most_cpus = 1U << 16;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::vector<pid_t> threads_of(pid_t pid) {
  std::vector<pid_t> threads;
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/" + std::to_string(pid) + "/task", error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (const auto tid = parse_number<pid_t>(entries->path().filename().string())) threads.push_back(*tid);
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
    const auto first = parse_number<unsigned>(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_number<unsigned>(range.substr(dash + 1));
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
