// Text by lines.
#pragma once

#include <algorithm>
#include <string_view>

namespace dtp::base {

// Takes the first line off the front of the text, with its end, which the last line may lack:
//
//     while (!text.empty()) use(take_line(text));
inline std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace dtp::base
