// Paths of source files, as debug information records them.
#pragma once

#include <string_view>

namespace dtp::debug {

// "fs/read_write.c" ends in "read_write.c", but not in "write.c". Any path ends in nothing.
inline bool matches_tail(std::string_view path, std::string_view tail) {
  if (!path.ends_with(tail)) return false;
  return tail.empty() || path.size() == tail.size() || path[path.size() - tail.size() - 1] == '/' ||
         tail.starts_with('/');
}

inline std::string_view last_component(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace dtp::debug
