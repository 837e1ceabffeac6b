#include "cmd/refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "cmd/columns.h"

namespace dtp::cmd {
namespace {

// Index of the word of `line` that holds `column`, and where it begins. Words 0 and 1 are the event and the place.
struct Word {
  std::size_t index = 0;
  std::size_t begin = 0;
  std::string_view text = {};
};

Word word_at(std::string_view line, std::size_t column) {
  Word word;
  bool quoted = false;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && line[i] == '"') quoted = !quoted;
    if (i < line.size() && (quoted || line[i] != ' ')) continue;
    word.text = line.substr(word.begin, i - word.begin);
    if (column < i || i == line.size()) break;
    ++word.index;
    word.begin = i + 1;
  }
  return word;
}

// The kernel's column where the user wrote the same text, else all of it.
Span span_in(std::string_view text, const Word& word, std::size_t column) {
  const std::size_t inside = column - std::min(column, word.begin);
  if (text == word.text && inside < text.size()) return {inside, text.size()};
  return {0, text.size()};
}

Where where_of(const kernel::Refusal& refusal, const Compiled& compiled) {
  const Word word = refusal.message.empty() ? Word{} : word_at(refusal.line, refusal.column);
  const std::size_t point = std::min(refusal.index, compiled.plan.points.size() - 1);
  const auto& fields = compiled.plan.points[point].fields;
  if (word.index < 2 || word.index - 2 >= fields.size()) {
    const std::string& text = compiled.request.point.text;
    return {"probe point", text, {0, text.size()}};
  }
  const std::size_t argument = fields[word.index - 2].argument;
  if (argument >= compiled.request.arguments.size()) {  // one that the point brings along
    const std::string& text = compiled.request.point.text;
    return {"probe point", text, {0, text.size()}};
  }
  const std::string& text = compiled.request.arguments[argument].text;
  return {fmt::format("argument {}", argument + 1), text, span_in(text, word, refusal.column)};
}

}  // namespace

Result<void> Refused::add(Error error, const Compiled& compiled) {
  if (!compiled.request.point.is_pattern || compiled.request.point.event || error.status == Status::not_possible)
    return fail(std::move(error));
  errors_.push_back(std::move(error));
  events_.push_back(compiled.plan.event);
  return {};
}

void Refused::print(const Common& common) const {
  if (errors_.empty() || common.quiet) return;
  fmt::print(stderr, "warning: {} event{} left out, for the kernel refuses {}\n", errors_.size(),
             errors_.size() == 1 ? " is" : "s are", errors_.size() == 1 ? "it" : "them");
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < errors_.size(); ++i) rows.push_back({events_[i], errors_[i].what});
  fmt::print(stderr, "{}", format_columns(rows, "  "));
}

bool leave_out(const kernel::Refusal& refusal, Compiled& compiled, std::vector<path::Omission>& omitted) {
  if (compiled.lines.size() < 2 || !kernel::is_about_place(refusal)) return false;
  const auto index = static_cast<std::ptrdiff_t>(refusal.index);
  omitted.push_back({compiled.plan.points[refusal.index].site, explain(refusal, compiled)});
  compiled.plan.points.erase(compiled.plan.points.begin() + index);
  compiled.lines.erase(compiled.lines.begin() + index);
  return true;
}

Error explain(const kernel::Refusal& refusal, const Compiled& compiled) {
  Error error = kernel::to_error(refusal);
  if (!compiled.plan.points.empty()) error.where = where_of(refusal, compiled);
  error.detail = refusal.line;
  return error;
}

}  // namespace dtp::cmd
