#include "cmd/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "base/suggest.h"
#include "probe/filter.h"
#include "record/format.h"

namespace dtp::cmd {
namespace {

using record::EventSchema;
using record::FieldKind;
using record::FieldSchema;

constexpr std::array<std::string_view, 6> words{"time", "pid", "tid", "comm", "cpu", "event"};
constexpr std::string_view word_of_stack = "function";
constexpr std::size_t longest_filter = 4000;  // a page of the kernel

bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// A name in a condition, and where it stands.
struct Name {
  std::string_view text = {};
  Span span = {};
};

// Not those within quotes.
std::vector<Name> names_in(std::string_view text) {
  std::vector<Name> names;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quote != 0 || text[i] == '"' || text[i] == '\'') {
      if (quote == 0)
        quote = text[i];
      else if (text[i] == quote)
        quote = 0;
      continue;
    }
    if (!is_letter(text[i])) continue;
    std::size_t end = i;
    while (end < text.size() && is_letter(text[end])) ++end;
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) names.push_back({text.substr(i, end - i), {i, end}});
    i = end - 1;
  }
  return names;
}

Span without_blanks(std::string_view text, Span span) {
  while (span.begin < span.end && text[span.begin] == ' ') ++span.begin;
  while (span.begin < span.end && text[span.end - 1] == ' ') --span.end;
  return span;
}

// What is joined by && where that joins the whole.
std::vector<Span> split(std::string_view text) {
  std::vector<Span> parts;
  std::size_t begin = 0;
  int depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '"' || c == '\'') quote = c;
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (depth != 0) continue;
    if (text.substr(i).starts_with("||") || c == '?' || c == ',') return {{0, text.size()}};
    if (!text.substr(i).starts_with("&&")) continue;
    parts.push_back(without_blanks(text, {begin, i}));
    begin = i + 2;
    ++i;
  }
  parts.push_back(without_blanks(text, {begin, text.size()}));
  return parts;
}

bool has_field(const EventSchema& schema, std::string_view name) {
  return std::ranges::find(schema.fields, name, &FieldSchema::name) != schema.fields.end();
}

// The fields that the kernel and the reader mean the same by: a tracepoint may have some under other names, or have one
// that is not shown and is called like a word of ours.
std::vector<probe::FilterField> common_fields(const WatchedEvent& event, const EventSchema& raw) {
  EventSchema common = event.schema;
  std::erase_if(common.fields, [&](const FieldSchema& field) {
    const auto same = std::ranges::find(raw.fields, field.name, &FieldSchema::name);
    return same == raw.fields.end() || same->offset != field.offset;
  });
  for (const FieldSchema& field : raw.fields)
    if (!has_field(event.schema, field.name) && std::ranges::find(words, field.name) == words.end())
      common.fields.push_back(field);
  return filter_fields(common);
}

// The kernel would take one of these names for something else.
bool is_ambiguous(std::string_view part, const std::vector<probe::FilterField>& common, const EventSchema& raw) {
  return std::ranges::any_of(names_in(part), [&](const Name& name) {
    return has_field(raw, name.text) && std::ranges::find(common, name.text, &probe::FilterField::name) == common.end();
  });
}

std::string hint_at(std::string_view text, std::size_t at) {
  if (at < text.size() && text[at] == '=') return "'==' compares";
  if (at < text.size() && text[at] == '\'') return "a text stands in double quotes: comm == \"cat\"";
  return "a condition is as in C: size > 100 && comm == \"cat\"";
}

// Values that are like those of an event.
report::Cell example_of(const FieldSchema* field, std::string_view name, std::uint64_t number) {
  const bool is_text = field == nullptr ? name == "comm" || name == "event" || name == word_of_stack
                                        : field->kind == FieldKind::string || field->display == path::Display::path ||
                                              field->display == path::Display::text;
  if (is_text) return {{std::string("text")}};
  return {{number}};
}

// Of a comparison that is never true nor false, whatever the values are.
bool is_without_sense(std::string_view part, const EventSchema& schema) {
  auto formula = report::Formula::parse(part, "");
  if (!formula) return false;
  formula->bind(formula->names());
  for (const std::uint64_t number : {1, 7, 1'000'003}) {
    std::vector<report::Cell> row;
    for (const std::string& name : formula->names()) {
      const auto field = std::ranges::find(schema.fields, name, &FieldSchema::name);
      const bool is_known = field != schema.fields.end() || std::ranges::find(words, name) != words.end();
      if (!is_known || (field != schema.fields.end() && field->kind == FieldKind::bytes)) return false;
      row.push_back(example_of(field == schema.fields.end() ? nullptr : &*field, name, number));
    }
    if (!std::holds_alternative<value::Absent>(formula->evaluate(row).value.of)) return false;
  }
  return true;
}

// What the events have, for people who typed another name.
std::string known_names(std::string_view typed, const std::vector<WatchedEvent>& events) {
  std::set<std::string_view> fields;
  for (const WatchedEvent& event : events)
    for (const FieldSchema& field : event.schema.fields) fields.insert(field.name);
  std::vector<std::string_view> all(fields.begin(), fields.end());
  all.insert(all.end(), words.begin(), words.end());
  const std::string near = base::did_you_mean(base::nearest(typed, all));
  if (!near.empty()) return near;
  return fmt::format("there are {}; a text stands in double quotes", fmt::join(all, ", "));
}

// A condition as it was typed.
struct Typed {
  std::string_view option = {};
  const std::string& text;
  std::vector<Span> parts = {};  // all of them must hold

  std::string part(std::size_t index) const {
    return text.substr(parts[index].begin, parts[index].end - parts[index].begin);
  }
  Error wrong(Span span, std::string what, std::string hint) const {
    return {.what = std::move(what),
            .where = Where{std::string(option), text, span},
            .hint = std::move(hint),
            .status = Status::wrong_request};
  }
};

// What the kernel decides of a condition on one event, and what is left for the reader.
struct Divided {
  std::string filter = {};
  std::vector<bool> is_of_kernel = {};  // of each part
};

Result<Divided> divide(const Typed& typed, const WatchedEvent& event) {
  DTP_TRY(const EventSchema raw, record::parse_format(event.format, event.name.group));
  const std::vector<probe::FilterField> fields = common_fields(event, raw);
  Divided divided;
  for (std::size_t i = 0; i < typed.parts.size(); ++i) {
    const std::string part = typed.part(i);
    const auto filter = probe::translate_filter(part, fields);
    const bool has_room = filter && event.filter.size() + divided.filter.size() + filter->size() + 16 < longest_filter;
    divided.is_of_kernel.push_back(has_room && !is_ambiguous(part, fields, raw));
    if (divided.is_of_kernel.back())
      divided.filter += (divided.filter.empty() ? "" : " && ") + *filter;
    else if (!filter && is_without_sense(part, event.schema))
      return fail(typed.wrong(typed.parts[i], "a text and a number cannot be computed with each other",
                              "texts are compared by ==, != and ~: comm ~ \"my*\""));
  }
  return divided;
}

// What the kernel has decided is true. Errors have their place in the whole text.
Result<std::optional<report::Formula>> formula_of(const Typed& typed, const Divided& divided) {
  std::string rest = typed.text;
  for (std::size_t i = 0; i < typed.parts.size(); ++i) {
    const Span span = typed.parts[i];
    const std::size_t size = span.end - span.begin;
    if (divided.is_of_kernel[i]) rest.replace(span.begin, size, "1" + std::string(size - 1, ' '));
  }
  if (std::ranges::find(divided.is_of_kernel, false) == divided.is_of_kernel.end())
    return std::optional<report::Formula>();
  auto formula = report::Formula::parse(rest, typed.option);
  if (formula) {
    formula->bind(formula->names());
    return std::optional(std::move(*formula));
  }
  Error error = std::move(formula.error());
  error.where->text = typed.text;
  error.hint = hint_at(typed.text, error.where->span.begin);
  return fail(std::move(error));
}

// What is left for the reader has names that one event knows at least.
Result<void> check_names(const Typed& typed, const std::vector<Divided>& divided,
                         const std::vector<WatchedEvent>& events, bool has_stacks) {
  for (std::size_t i = 0; i < typed.parts.size(); ++i) {
    if (std::ranges::any_of(divided, [&](const Divided& one) { return one.is_of_kernel[i]; })) continue;
    const std::string part = typed.part(i);
    for (const Name& name : names_in(part)) {
      const auto has = [&](const WatchedEvent& event) { return has_field(event.schema, name.text); };
      const bool is_word = std::ranges::find(words, name.text) != words.end();
      const bool is_of_stack = name.text == word_of_stack;
      if (is_word || (is_of_stack && has_stacks) || std::ranges::any_of(events, has)) continue;
      const Span span{typed.parts[i].begin + name.span.begin, typed.parts[i].begin + name.span.end};
      if (is_of_stack) return fail(typed.wrong(span, "without stacks no function is known", "record them: --stack"));
      return fail(typed.wrong(span, fmt::format("a hit has no value '{}'", name.text), known_names(name.text, events)));
    }
  }
  return {};
}

}  // namespace

Result<Condition> Condition::create(std::string_view option, const std::string& text, std::vector<WatchedEvent>& events,
                                    symbol::Symbolizer* symbols) {
  const Typed typed{option, text, split(text)};
  if (text.find_first_not_of(' ') == std::string::npos)
    return fail(typed.wrong({0, text.size()}, "the condition is empty", hint_at("", 0)));
  Condition condition;
  std::vector<Divided> all;
  for (WatchedEvent& event : events) {
    DTP_TRY(Divided divided, divide(typed, event));
    DTP_TRY(auto formula, formula_of(typed, divided));
    if (!divided.filter.empty())
      event.filter = event.filter.empty() ? divided.filter : fmt::format("({}) && ({})", event.filter, divided.filter);
    report::RowMaker rows(formula ? formula->names() : std::vector<std::string>(), {.symbols = symbols});
    condition.parts_.push_back({event.schema.id, event.schema.group + ":" + event.schema.event, divided.filter,
                                std::move(formula), std::move(rows)});
    all.push_back(std::move(divided));
  }
  DTP_CHECK(check_names(typed, all, events, symbols != nullptr));
  return condition;
}

bool Condition::is_met(const record::Record& record) {
  const auto part = std::ranges::find(parts_, record.schema->id, &Part::event);
  return part == parts_.end() || !part->formula || part->formula->is_true(part->rows.make(record));
}

bool Condition::is_of_kernel() const {
  return std::ranges::none_of(parts_, [](const Part& part) { return part.formula.has_value(); });
}

void Condition::print(std::string_view option) const {
  for (const Part& part : parts_) {
    const std::string by_kernel = part.filter.empty() ? "" : " the kernel (" + part.filter + ")";
    fmt::print(stderr, "{} is decided for {} by{}{}{}\n", option, part.name, by_kernel,
               !by_kernel.empty() && part.formula ? " and" : "", part.formula ? " the reader" : "");
  }
}

}  // namespace dtp::cmd
