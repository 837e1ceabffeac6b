// A cell of comma-separated values, as RFC 4180 has it.
#pragma once

#include <string>
#include <string_view>

namespace dtp::report {

// `text` is printable: it has no line ends.
inline void append_csv_cell(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char character : text) {
    if (character == '"') out += '"';
    out += character;
  }
  out += '"';
}

}  // namespace dtp::report
