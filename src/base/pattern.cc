#include "base/pattern.h"

#include <fnmatch.h>

namespace dtp::base {

bool is_pattern(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

std::string_view fixed_head(std::string_view pattern) { return pattern.substr(0, pattern.find_first_of("*?[\\")); }

bool matches_pattern(const std::string& pattern, const std::string& text) {
  return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

}  // namespace dtp::base
