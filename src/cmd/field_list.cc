#include "cmd/field_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <variant>

#include "expr/parse.h"

namespace dtp::cmd {
namespace {

// Values that every record has.
constexpr std::string_view words[] = {"pid", "tid", "comm", "cpu", "event", "function", "stack"};

// What the argument's value will be called; none: the kernel counts those.
std::optional<std::string> name_of(const expr::ProbeArgument& argument) {
  if (argument.name) return argument.name;
  const auto* name = std::get_if<expr::Name>(&argument.tree.at(argument.tree.root).of);
  return name == nullptr ? std::nullopt : std::optional(name->name);
}

// Commas within brackets and quotes are a part of an expression.
std::vector<Span> split(std::string_view text) {
  std::vector<Span> parts;
  std::size_t begin = 0;
  int depth = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char character = i < text.size() ? text[i] : ',';
    if (character == '"') is_quoted = !is_quoted;
    if (!is_quoted && (character == '(' || character == '[')) ++depth;
    if (!is_quoted && (character == ')' || character == ']')) --depth;
    if (i < text.size() && (character != ',' || is_quoted || depth > 0)) continue;
    parts.push_back({begin, i});
    begin = i + 1;
  }
  return parts;
}

Error wrong_field(const char* option, const std::string& text, Span span, std::string what, std::string hint = {}) {
  return {.what = std::move(what),
          .where = Where{option, text, span},
          .hint = std::move(hint),
          .status = Status::wrong_request};
}

}  // namespace

Result<FieldList> FieldList::of_probe(std::string text) {
  FieldList list(std::move(text));
  DTP_TRY(const expr::Request request, expr::parse_request(list.text_));
  for (const expr::ProbeArgument& argument : request.arguments)
    if (const auto name = name_of(argument)) list.fetched_.push_back(*name);
  return list;
}

Result<std::vector<std::string>> FieldList::add(const char* option, const std::string& text) {
  std::vector<std::string> names;
  if (text.empty()) return names;
  for (const Span span : split(text)) {
    const std::string part = text.substr(span.begin, span.end - span.begin);
    if (part.find_first_not_of(' ') == std::string::npos)
      return fail(wrong_field(option, text, span, "a value is missing between the commas"));
    const bool is_word = std::ranges::find(words, part) != std::ranges::end(words);
    const bool is_fetched = std::ranges::find(fetched_, part) != fetched_.end();
    if (is_fetched || is_word) {
      names.push_back(part);
      continue;
    }
    auto argument = expr::parse_argument(part, 1);
    if (!argument) {
      if (argument.error().where) argument.error().where->label = option;
      return std::unexpected(std::move(argument.error()));
    }
    const auto name = name_of(*argument);
    if (!name)
      return fail(wrong_field(option, text, span, "an expression needs a name", fmt::format("name it: NAME={}", part)));
    fetched_.push_back(*name);
    text_ += " " + part;
    names.push_back(*name);
  }
  return names;
}

}  // namespace dtp::cmd
