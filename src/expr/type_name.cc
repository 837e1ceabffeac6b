#include "expr/type_name.h"

#include <algorithm>
#include <array>
#include <span>

namespace dtp::expr {
namespace {

constexpr std::array<std::string_view, 4> tags{"struct", "union", "enum", "class"};
constexpr std::array<std::string_view, 11> basic_words{"unsigned", "signed", "char", "short", "int",  "long",
                                                       "float",    "double", "void", "bool",  "_Bool"};
constexpr std::array<std::string_view, 2> qualifiers{"const", "volatile"};
// More than anybody writes; each is a type of its own later.
constexpr int most_pointers = 16;

bool is_one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

void skip_qualifiers(Lexer& lexer) {
  for (lexer.skip_blanks(); is_one_of(qualifiers, lexer.peek_name()); lexer.skip_blanks()) lexer.take_name();
}

}  // namespace

bool is_type_word(std::string_view word) {
  return is_one_of(tags, word) || is_one_of(basic_words, word) || is_one_of(qualifiers, word);
}

Result<TypeName> take_type_name(Lexer& lexer) {
  TypeName type;
  skip_qualifiers(lexer);
  const std::size_t begin = lexer.at();
  std::size_t end = begin;
  const auto add = [&](std::string_view word) {
    type.name += (type.name.empty() ? "" : " ") + std::string(word);
    end = lexer.at();
    skip_qualifiers(lexer);
  };
  const std::string_view first = lexer.take_scoped_name(true);
  if (first.empty()) return fail(lexer.error_here("a type's name is missing", "for example struct sock *"));
  add(first);
  if (is_one_of(tags, first)) {
    const std::string_view name = lexer.take_scoped_name(true);
    if (name.empty()) return fail(lexer.error("a name is missing after '" + std::string(first) + "'", {begin, end}));
    add(name);
  } else if (is_one_of(basic_words, first)) {
    while (is_one_of(basic_words, lexer.peek_name())) add(lexer.take_name());
  }
  type.span = {begin, end};
  for (; lexer.take("*"); skip_qualifiers(lexer))
    if (++type.pointers > most_pointers) return fail(lexer.error("this is a pointer to too many", {begin, lexer.at()}));
  return type;
}

}  // namespace dtp::expr
