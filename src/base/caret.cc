#include "base/caret.h"

#include <algorithm>

#include "base/escape.h"

namespace dtp::base {
namespace {

// Column and width are counted in code points, so that a caret stands under UTF-8 text too.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string format_where(const Where& where) {
  const std::string_view text = where.text;
  const std::size_t begin = std::min(where.span.begin, text.size());
  const std::size_t end = std::clamp(where.span.end, begin, text.size());
  const std::string before = escape(text.substr(0, begin));
  const std::string marked = escape(text.substr(begin, end - begin));
  const std::string label = where.label.empty() ? "  " : "  " + where.label + ": ";
  std::string out = label + before + marked + escape(text.substr(end)) + "\n";
  out += std::string(columns(label) + columns(before), ' ');
  out += std::string(std::max<std::size_t>(columns(marked), 1), '^') + "\n";
  return out;
}

}  // namespace

std::string format_error(const Error& error, bool verbose) {
  std::string out = "error: " + escape(error.what) + "\n";
  if (error.where) out += format_where(*error.where);
  if (!error.hint.empty()) out += "hint: " + escape(error.hint) + "\n";
  if (verbose && !error.detail.empty()) out += "detail: " + escape(error.detail) + "\n";
  for (const Error& next : error.also) out += format_error(next, verbose);
  return out;
}

}  // namespace dtp::base
