// Texts that are a number from end to end.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace dtp::base {

// None: it is empty, has something else in it, or is too large for the type.
template <class Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The same, into what is there; false: it is none, and nothing is changed.
template <class Number>
bool read_number(std::string_view text, Number& number, int base = 10) {
  const auto parsed = parse_number<Number>(text, base);
  if (parsed) number = *parsed;
  return parsed.has_value();
}

}  // namespace dtp::base
