#include "record/print_format.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace dtp::record {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Offset one past the string literal that begins at text[0]; npos: it has no end.
std::size_t literal_end(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1;
  }
  return std::string_view::npos;
}

// Offset of the comma that ends the argument at the front, or the size.
std::size_t argument_end(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '(':
      case '[':
      case '{': ++depth; break;
      case ')':
      case ']':
      case '}': --depth; break;
      case ',':
        if (depth == 0) return i;
        break;
      case '"': {
        const std::size_t length = literal_end(text.substr(i));
        if (length == std::string_view::npos) return text.size();
        i += length - 1;
        break;
      }
      default: break;
    }
  }
  return text.size();
}

std::vector<std::string_view> split_arguments(std::string_view text) {
  std::vector<std::string_view> arguments;
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(", \t"), text.size()));
    const std::size_t end = argument_end(text);
    if (end > 0) arguments.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end, text.size()));
  }
  return arguments;
}

// Takes one conversion from the front of `format`, which begins after its '%'. `stars` counts the
// arguments that give a width or precision.
Conversion take_conversion(std::string_view& format, std::size_t& stars) {
  while (!format.empty() &&
         std::string_view("-+ #0123456789.*hlLqjzt").find(format.front()) != std::string_view::npos) {
    if (format.front() == '*') ++stars;
    format.remove_prefix(1);
  }
  Conversion conversion;
  if (format.empty()) return conversion;
  conversion.letter = format.front();
  format.remove_prefix(1);
  if (conversion.letter != 'p') return conversion;
  std::size_t length = 0;
  while (length < format.size() && std::isalnum(static_cast<unsigned char>(format[length])) != 0) ++length;
  conversion.pointer = format.substr(0, length);
  return conversion;
}

}  // namespace

std::vector<Conversion> parse_print_format(std::string_view text) {
  std::vector<Conversion> conversions;
  if (!text.starts_with('"')) return conversions;
  const std::size_t end = literal_end(text);
  if (end == std::string_view::npos) return conversions;
  const std::vector<std::string_view> arguments = split_arguments(text.substr(end));
  std::string_view format = text.substr(1, end - 2);
  for (std::size_t next = 0;;) {
    const std::size_t percent = format.find('%');
    if (percent == std::string_view::npos) return conversions;
    format.remove_prefix(percent + 1);
    Conversion conversion = take_conversion(format, next);
    if (conversion.letter == '%') continue;
    if (next >= arguments.size()) return conversions;
    conversion.argument = arguments[next++];
    conversions.push_back(conversion);
  }
}

std::string_view shown_field(std::string_view argument) {
  constexpr std::string_view mark = "REC->";
  const std::size_t at = argument.find(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view before = argument.substr(0, at);
  const std::string_view rest = argument.substr(at + mark.size());
  const auto length = static_cast<std::size_t>(std::ranges::find_if_not(rest, is_word) - rest.begin());
  // Only casts in front, only their parentheses or an index behind.
  const auto is_cast = [](char c) { return is_word(c) || std::string_view(" ()*").find(c) != std::string_view::npos; };
  const auto is_index = [](char c) { return std::string_view(" )[]0123456789").find(c) != std::string_view::npos; };
  if (!std::ranges::all_of(before, is_cast) || !std::ranges::all_of(rest.substr(length), is_index)) return {};
  // A call, unlike a cast, is a word before a parenthesis: bswap(REC->family).
  for (std::size_t i = 1; i < before.size(); ++i) {
    if (before[i] == '(' && is_word(before[i - 1])) return {};
  }
  return rest.substr(0, length);
}

}  // namespace dtp::record
