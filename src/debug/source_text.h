// The text of a source file that debug information names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "debug/discovery.h"

namespace dtp::debug {

struct SourceText {
  std::string path = {};                 // where it was found; empty: nowhere
  std::vector<std::string> lines = {};   // without their ends
  std::vector<std::string> looked = {};  // in order
};

// At the recorded path, from the directory of compilation where it is relative. With `root`, under that directory
// alone: the recorded path, then less and less of its beginning, until a file is found.
SourceText find_source_text(const SourceLines& source, const std::string& root);

}  // namespace dtp::debug
