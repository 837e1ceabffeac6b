// The kernel writes, with its enumerators already replaced by numbers in most cases:
//
//   __print_symbolic(REC->reason, { 2, "NOT_SPECIFIED" }, { 3, "NO_SOCKET" })
//   __print_flags(REC->gfp_flags, "|", {(unsigned long)(((gfp_t)(0x400u))), "__GFP_IO" }, ...)
//
// A number that is an expression is skipped with its name, unless casts and parentheses are all there is around it.
#include "record/print_names.h"

#include <charconv>
#include <optional>

#include "record/print_format.h"

namespace dtp::record {
namespace {

constexpr std::size_t most_names = 1024;

// What is inside the parenthesis or brace at text[0]; nothing: it has no end.
std::string_view inside(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') in_string = !in_string;
    if (in_string) continue;
    if (text[i] == '(' || text[i] == '{') ++depth;
    if (text[i] == ')' || text[i] == '}') --depth;
    if (depth == 0) return text.substr(1, i - 1);
  }
  return {};
}

bool is_number_part(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// The only number of the text that is not part of a name; "1UL << 3" has two.
std::optional<std::uint64_t> only_number(std::string_view text) {
  std::optional<std::uint64_t> found;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit) {
      const bool is_name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
      ++i;
      while (is_name && i < text.size() &&
             (is_number_part(text[i]) || (text[i] >= 'g' && text[i] <= 'z') || (text[i] >= 'G' && text[i] <= 'Z') ||
              text[i] == '_'))
        ++i;
      continue;
    }
    if (found) return std::nullopt;
    const bool is_hex = text.substr(i).starts_with("0x");
    std::uint64_t number = 0;
    const auto parsed =
        std::from_chars(text.data() + i + (is_hex ? 2 : 0), text.data() + text.size(), number, is_hex ? 16 : 10);
    if (parsed.ec != std::errc{}) return std::nullopt;
    found = number;
    i = static_cast<std::size_t>(parsed.ptr - text.data());
    while (i < text.size() && (text[i] == 'u' || text[i] == 'U' || text[i] == 'l' || text[i] == 'L')) ++i;
  }
  if (text.contains('-') || text.contains("<<")) return std::nullopt;
  return found;
}

void add_pairs(std::string_view list, PrintNames& result) {
  while (result.names.size() < most_names) {
    const std::size_t open = list.find('{');
    if (open == std::string_view::npos) return;
    list.remove_prefix(open);
    const std::string_view pair = inside(list);
    if (pair.empty()) return;
    list.remove_prefix(pair.size() + 2);
    const std::size_t begin = pair.find('"');
    const std::size_t end = begin == std::string_view::npos ? begin : pair.find('"', begin + 1);
    if (end == std::string_view::npos) continue;
    if (const auto number = only_number(pair.substr(0, begin)))
      result.names.emplace_back(*number, pair.substr(begin + 1, end - begin - 1));
  }
}

}  // namespace

PrintNames print_names(std::string_view format, std::string_view field) {
  for (const bool are_flags : {false, true}) {
    const std::string_view word = are_flags ? "__print_flags(" : "__print_symbolic(";
    for (std::size_t at = format.find(word); at != std::string_view::npos; at = format.find(word, at + 1)) {
      const std::string_view arguments = inside(format.substr(at + word.size() - 1));
      const std::size_t first_end = arguments.find(are_flags ? '"' : '{');
      if (first_end == std::string_view::npos) continue;
      std::string_view first = arguments.substr(0, first_end);
      first = first.substr(0, first.rfind(','));
      if (shown_field(first) != field) continue;
      PrintNames result{.are_flags = are_flags};
      add_pairs(arguments.substr(first_end), result);
      return result;
    }
  }
  return {};
}

}  // namespace dtp::record
