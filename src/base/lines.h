// Text by lines, and by other separators.
#pragma once

#include <algorithm>
#include <string_view>

namespace dtp::base {

// Takes what stands in front of the first separator off the front of the text, and the separator with it.
inline std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// Takes the first line off the front of the text, with its end, which the last line may lack:
//
//     while (!text.empty()) use(take_line(text));
inline std::string_view take_line(std::string_view& text) { return take_until(text, '\n'); }

}  // namespace dtp::base
