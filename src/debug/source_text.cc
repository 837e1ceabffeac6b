#include "debug/source_text.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"

namespace dtp::debug {
namespace {

// The path comes out of a file that nobody vouches for: neither pipes nor devices nor what fills the memory.
constexpr std::int64_t most_bytes = 64 << 20;

bool is_plain_file(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= most_bytes;
}

std::vector<std::string> candidates(const SourceLines& source, const std::string& root) {
  namespace fs = std::filesystem;
  const fs::path recorded = (fs::path(source.directory) / source.file).lexically_normal();
  if (root.empty()) return {recorded.string()};
  std::vector<std::string> paths;
  for (const fs::path& whole : {recorded, fs::path(source.file).lexically_normal()}) {
    for (fs::path rest = whole.relative_path(); !rest.empty();) {
      std::string path = (fs::path(root) / rest).string();
      if (std::ranges::find(paths, path) == paths.end()) paths.push_back(std::move(path));
      fs::path shorter;
      for (auto part = std::next(rest.begin()); part != rest.end(); ++part) shorter /= *part;
      rest = std::move(shorter);
    }
  }
  return paths;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

SourceText find_source_text(const SourceLines& source, const std::string& root) {
  SourceText found;
  for (std::string& path : candidates(source, root)) {
    const auto text = is_plain_file(path) ? base::read_file(path) : fail({});
    found.looked.push_back(path);
    if (!text) continue;
    found.path = std::move(path);
    found.lines = split(*text);
    break;
  }
  return found;
}

}  // namespace dtp::debug
