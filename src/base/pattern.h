// Shell globs: * ? [a-z].
#pragma once

#include <string>
#include <string_view>

namespace dtp::base {

// `text` has a character that makes it a glob.
bool is_pattern(std::string_view text);
// What every text begins with that matches.
std::string_view fixed_head(std::string_view pattern);
bool matches_pattern(const std::string& pattern, const std::string& text);

}  // namespace dtp::base
