#include "kernel/error_log.h"

#include <algorithm>

#include "base/lines.h"

namespace dtp::kernel {
namespace {

constexpr std::string_view error_mark = ": error: ";
constexpr std::string_view command_mark = "  Command: ";

}  // namespace

std::vector<LogEntry> parse_error_log(std::string_view text) {
  std::vector<LogEntry> entries;
  std::string_view head;
  while (!text.empty()) {
    const std::string_view line = base::take_line(text);
    if (!line.starts_with(command_mark)) {
      head = line;
      continue;
    }
    const std::size_t mark = head.find(error_mark);
    const std::string_view caret = base::take_line(text);
    const std::size_t column = caret.find('^');
    if (mark == std::string_view::npos) continue;
    LogEntry entry{.head = std::string(head),
                   .message = std::string(head.substr(mark + error_mark.size())),
                   .command = std::string(line.substr(command_mark.size()))};
    if (column != std::string_view::npos && column >= command_mark.size())
      entry.column = std::min(column - command_mark.size(), entry.command.size());
    entries.push_back(std::move(entry));
    head = {};
  }
  return entries;
}

std::optional<LogEntry> find_new_entry(std::string_view before, std::string_view after, std::string_view command) {
  const std::vector<LogEntry> old = parse_error_log(before);
  const std::vector<LogEntry> now = parse_error_log(after);
  const auto found = std::find_if(now.rbegin(), now.rend(), [&](const LogEntry& entry) {
    return entry.command == command && std::find(old.begin(), old.end(), entry) == old.end();
  });
  if (found == now.rend()) return std::nullopt;
  return *found;
}

}  // namespace dtp::kernel
