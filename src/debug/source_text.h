// The text of a source file that debug information names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "debug/discovery.h"
#include "debug/download.h"

namespace dtp::debug {

struct SourceText {
  std::string path = {};                 // where it was found; empty: nowhere
  std::vector<std::string> lines = {};   // without their ends
  std::vector<std::string> looked = {};  // in order
};

// Where source is looked for.
struct SourcePlaces {
  std::string root = {};      // a directory; empty: the recorded path
  std::string view = {};      // of a process: "/proc/7/root"; recorded paths are looked for there first
  std::string build_id = {};  // of the program: what servers know its source by; empty: they are not asked
  DownloadLimits downloads = {};
};

// At the recorded path, from the directory of compilation where it is relative, then on servers. With a root, under
// that directory alone: the recorded path, then less and less of its beginning, until a file is found.
SourceText find_source_text(const SourceLines& source, const SourcePlaces& places);

}  // namespace dtp::debug
