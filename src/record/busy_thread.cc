#include "record/busy_thread.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/lines.h"

namespace dtp::record {

std::vector<std::string> parse_kernel_stack(std::string_view text) {
  constexpr std::string_view mark = "] ";
  std::vector<std::string> functions;
  while (!text.empty()) {
    std::string_view line = base::take_line(text);
    const std::size_t address_end = line.find(mark);
    if (!line.starts_with("[<") || address_end == std::string_view::npos) continue;
    line.remove_prefix(address_end + mark.size());
    functions.emplace_back(line.substr(0, line.find_first_of("+ ")));
  }
  return functions;
}

std::string parse_cgroup(std::string_view text) {
  std::string first;
  while (!text.empty()) {
    const std::string_view line = base::take_line(text);
    const std::size_t path = line.find(":/");
    if (path == std::string_view::npos) continue;
    if (line.starts_with("0::")) return std::string(line.substr(path + 1));
    if (first.empty()) first = line.substr(path + 1);
  }
  return first;
}

BusyThread read_busy_thread(const Thread& thread) {
  const auto read = [&](std::string_view file) {
    return base::read_file(fmt::format("/proc/{}/task/{}/{}", thread.pid, thread.tid, file)).value_or("");
  };
  BusyThread busy{.thread = thread,
                  .waits_in = read("wchan"),
                  .cgroup = parse_cgroup(read("cgroup")),
                  .stack = parse_kernel_stack(read("stack"))};
  if (busy.waits_in == "0") busy.waits_in.clear();
  return busy;
}

}  // namespace dtp::record
