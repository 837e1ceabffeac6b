#include "debug/source_text.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/lines.h"

namespace dtp::debug {
namespace {

// The path comes out of a file that nobody vouches for: neither pipes nor devices nor what fills the memory.
constexpr std::int64_t most_bytes = 64 << 20;

bool is_plain_file(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= most_bytes;
}

std::string recorded_path(const SourceLines& source) {
  return (std::filesystem::path(source.directory) / source.file).lexically_normal().string();
}

std::vector<std::string> candidates(const SourceLines& source, const SourcePlaces& places) {
  namespace fs = std::filesystem;
  const fs::path recorded = recorded_path(source);
  if (places.root.empty() && places.view.empty()) return {recorded.string()};
  if (places.root.empty()) return {places.view + recorded.string(), recorded.string()};
  std::vector<std::string> paths;
  for (const fs::path& whole : {recorded, fs::path(source.file).lexically_normal()}) {
    for (fs::path rest = whole.relative_path(); !rest.empty();) {
      std::string path = (fs::path(places.root) / rest).string();
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
    std::string_view line = base::take_line(text);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
  }
  return lines;
}

// False: there is no text.
bool take_text(const std::string& path, SourceText& found) {
  const auto text = is_plain_file(path) ? base::read_file(path) : fail({});
  if (!text) return false;
  found.path = path;
  found.lines = split(*text);
  return true;
}

}  // namespace

SourceText find_source_text(const SourceLines& source, const SourcePlaces& places) {
  SourceText found;
  for (const std::string& path : candidates(source, places)) {
    found.looked.push_back(path);
    if (take_text(path, found)) return found;
  }
  const std::string recorded = recorded_path(source);
  if (!places.root.empty() || places.build_id.empty() || !recorded.starts_with('/') || !has_servers()) return found;
  const Download download = download_source(places.build_id, recorded, places.downloads);
  const bool is_found = !download.path.empty() && take_text(download.path, found);
  found.looked.push_back("debuginfod" + (is_found || download.why_not.empty() ? "" : " - " + download.why_not));
  return found;
}

}  // namespace dtp::debug
