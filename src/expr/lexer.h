// A cursor over the user's text that remembers where it is, for the parsers of this folder.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dtracepp/error.h"

namespace dtp::expr {

inline bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }
// True for a C identifier: what the kernel takes as the name of an event, a group or an argument.
inline bool is_c_name(std::string_view text) {
  if (text.empty() || !is_name_start(text.front())) return false;
  for (const char c : text)
    if (!is_name_part(c)) return false;
  return true;
}

class Lexer {
 public:
  Lexer(std::string_view text, std::string label) : text_(text), label_(std::move(label)) {}

  std::size_t at() const { return at_; }
  bool done() const { return at_ == text_.size(); }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  std::string_view rest() const { return text_.substr(at_); }
  std::string_view text() const { return text_; }

  bool take(std::string_view word) {
    if (!rest().starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void skip(std::size_t count) { at_ += count; }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n') ++at_;
  }

  // A C identifier; empty when there is none.
  std::string_view peek_name() const {
    std::size_t length = 0;
    if (is_name_start(peek()))
      while (is_name_part(peek(length))) ++length;
    return text_.substr(at_, length);
  }
  std::string_view take_name() {
    const std::string_view name = peek_name();
    at_ += name.size();
    return name;
  }

  std::string_view take_digits() {
    const std::size_t begin = at_;
    while (is_digit(peek())) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // A name of C++ with its scopes, which may have template arguments: geo::Ring<int, 4>::size. Those at the end belong
  // to it if it is that of a type.
  std::string_view take_scoped_name(bool is_type) {
    const std::size_t begin = at_;
    std::size_t end = begin;
    while (!take_name().empty()) {
      end = at_;
      if (peek() == '<') skip_brackets();
      if (is_type) end = at_;
      if (!take("::")) break;
    }
    at_ = end;
    return text_.substr(begin, end - begin);
  }

  // Decimal or 0x hexadecimal, without a sign.
  std::optional<std::uint64_t> take_unsigned() {
    const bool hex = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
    const char* begin = text_.data() + at_ + (hex ? 2 : 0);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value, hex ? 16 : 10);
    if (error != std::errc{}) return std::nullopt;
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  // The same with an optional sign; none also when it does not fit 64 bits.
  std::optional<std::int64_t> take_signed() {
    const std::size_t begin = at_;
    const bool minus = take("-");
    if (!minus) take("+");
    const auto value = take_unsigned();
    if (!value || (minus && *value > 0x8000000000000000ULL)) {
      at_ = begin;
      return std::nullopt;
    }
    return static_cast<std::int64_t>(minus ? 0 - *value : *value);
  }

  Error error(std::string what, Span span, std::string hint = {}) const {
    return Error{.what = std::move(what),
                 .where = Where{label_, std::string(text_), span},
                 .hint = std::move(hint),
                 .status = Status::wrong_request};
  }
  Error error_here(std::string what, std::string hint = {}) const {
    return error(std::move(what), {at_, done() ? at_ : at_ + 1}, std::move(hint));
  }

 private:
  // <...> with what it nests; nothing where it does not end.
  void skip_brackets() {
    int depth = 0;
    for (std::size_t i = at_; i < text_.size(); ++i) {
      if (text_[i] == '<') ++depth;
      if (text_[i] == '>' && --depth == 0) {
        at_ = i + 1;
        return;
      }
    }
  }

  std::string_view text_;
  std::string label_;
  std::size_t at_ = 0;
};

}  // namespace dtp::expr
