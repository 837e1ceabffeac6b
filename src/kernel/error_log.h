// tracefs' error_log: what the kernel found wrong, and where, in the last few lines anybody wrote.
//
//   [ 1351.479663] trace_uprobe: error: Invalid register name
//     Command: p:zz/y /bin/bash:0x30100 a=%dxx
//                                         ^
// The log is shared by all tools and holds eight entries, so ours is the newest that was not there before
// and has exactly our command. The kernel joins the command's words by one blank.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dtp::kernel {

struct LogEntry {
  std::string head = {};     // "[ 1351.479663] trace_uprobe: error: Invalid register name"
  std::string message = {};  // "Invalid register name"
  std::string command = {};
  std::size_t column = 0;  // into `command`
  bool operator==(const LogEntry&) const = default;
};

// Oldest first, as the file has them. Anything else in the text is skipped.
std::vector<LogEntry> parse_error_log(std::string_view text);

// The newest entry of `after` for this command that `before` has not.
std::optional<LogEntry> find_new_entry(std::string_view before, std::string_view after, std::string_view command);

}  // namespace dtp::kernel
