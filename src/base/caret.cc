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

constexpr std::string_view red = "\033[1;31m";
constexpr std::string_view bold = "\033[1m";

std::string painted(std::string_view text, std::string_view colour, bool with_colour) {
  return with_colour ? std::string(colour).append(text).append("\033[0m") : std::string(text);
}

std::string format_where(const Where& where, bool with_colour) {
  const std::string_view text = where.text;
  const std::size_t begin = std::min(where.span.begin, text.size());
  const std::size_t end = std::clamp(where.span.end, begin, text.size());
  const std::string before = escape(text.substr(0, begin));
  const std::string marked = escape(text.substr(begin, end - begin));
  const std::string label = where.label.empty() ? "  " : "  " + where.label + ": ";
  std::string out = label + before + marked + escape(text.substr(end)) + "\n";
  out += std::string(columns(label) + columns(before), ' ');
  out += painted(std::string(std::max<std::size_t>(columns(marked), 1), '^'), red, with_colour) + "\n";
  return out;
}

}  // namespace

std::string format_error(const Error& error, bool verbose, bool with_colour) {
  std::string out = painted("error:", red, with_colour) + " " + escape(error.what) + "\n";
  if (error.where) out += format_where(*error.where, with_colour);
  if (!error.hint.empty()) out += painted("hint:", bold, with_colour) + " " + escape(error.hint) + "\n";
  if (verbose && !error.detail.empty())
    out += painted("detail:", bold, with_colour) + " " + escape(error.detail) + "\n";
  for (const Error& next : error.also) out += format_error(next, verbose, with_colour);
  return out;
}

}  // namespace dtp::base
