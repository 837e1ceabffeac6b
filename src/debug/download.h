// Debug files and source text from debuginfod servers.
#pragma once

#include <cstdint>
#include <string>

namespace dtp::debug {

// What a download may cost. A file that is there already costs nothing.
struct DownloadLimits {
  std::uint64_t bytes = std::uint64_t{2} << 30;  // 0: nothing is downloaded
  int seconds = 300;
};

struct Download {
  std::string path = {};     // of a file in libdebuginfod's own cache; empty: none
  std::string why_not = {};  // one clause
};

// Servers are named by DEBUGINFOD_URLS.
bool has_servers();

// The debug file of this build-id. What takes longer shows its progress (base::Progress).
Download download_debug_file(const std::string& build_id, const DownloadLimits& limits);
// A source file of what has this build-id, by its absolute path as recorded.
Download download_source(const std::string& build_id, const std::string& path, const DownloadLimits& limits);

}  // namespace dtp::debug
