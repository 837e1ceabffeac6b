#include "cmd/read_recording.h"

#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <span>

#include "base/suggest.h"
#include "cmd/wrong_word.h"
#include "report/numbers.h"

namespace dtp::cmd {
namespace {

bool has_field(const std::vector<record::EventSchema>& schemas, std::string_view name) {
  return std::ranges::any_of(schemas, [&](const auto& schema) { return report::find_field(schema, name) != nullptr; });
}

// Of the names that an option lists, the one at `place` is neither a word of ours nor a field.
Error no_such_field(std::string_view option, const std::vector<std::string>& names, std::size_t place,
                    const std::vector<record::EventSchema>& schemas, std::span<const std::string_view> words) {
  std::string text;
  Span span;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += ',';
    if (i == place) span = {text.size(), text.size() + names[i].size()};
    text += names[i];
  }
  std::vector<std::string_view> known(words.begin(), words.end());
  for (const record::EventSchema& schema : schemas)
    for (const record::FieldSchema& field : schema.fields) known.push_back(field.name);
  return {.what = fmt::format("no event of this recording has a field '{}'", names[place]),
          .where = Where{std::string(option), std::move(text), span},
          .hint = base::did_you_mean(base::nearest(names[place], known)),
          .status = Status::wrong_request};
}

std::string kind_name(const record::FieldSchema& field) {
  switch (field.kind) {
    case record::FieldKind::string: return "text";
    case record::FieldKind::array: return "an array";
    case record::FieldKind::bytes: return "a block of bytes";
    case record::FieldKind::unsigned_:
    case record::FieldKind::signed_:
    case record::FieldKind::hex:
    case record::FieldKind::character: return "an address";
  }
  return "";
}

}  // namespace

CLI::Option* add_input_option(CLI::App& command, std::string& input) {
  return command.add_option("-i,--input", input, "the file; - is standard input")
      ->type_name("FILE")
      ->capture_default_str();
}

Result<record::PerfDataReader> open_recording(const std::string& path) {
  auto reader = record::PerfDataReader::open(path);
  if (!reader && path != "-" && ::access(path.c_str(), F_OK) != 0)
    reader.error().hint = "'dtrace++ record' and 'perf record' make such a file";
  return reader;
}

void add_key_option(CLI::App& command, std::vector<std::string>& keys) {
  command.add_option("-s,--sort", keys, "what records are grouped by: comm, pid, tid, cpu, symbol, object, or fields")
      ->type_name("KEY[,KEY]")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
}

Result<std::vector<report::Key>> parse_keys(const std::vector<std::string>& names,
                                            const std::vector<record::EventSchema>& schemas) {
  std::vector<report::Key> keys;
  for (const std::string& name : names) {
    keys.push_back(report::parse_key(name));
    if (keys.back().kind == report::Key::Kind::field && !has_field(schemas, name))
      return fail(no_such_field("-s", names, keys.size() - 1, schemas, report::key_words));
  }
  return keys;
}

Result<std::vector<report::Column>> parse_columns(const std::vector<std::string>& names,
                                                  const std::vector<record::EventSchema>& schemas) {
  std::vector<report::Column> columns;
  for (const std::string& name : names) {
    columns.push_back(report::parse_column(name));
    if (columns.back().kind == report::Column::Kind::field && !has_field(schemas, columns.back().name))
      return fail(no_such_field("-F", names, columns.size() - 1, schemas, report::column_words));
  }
  return columns;
}

Result<void> check_number(std::string_view option, const std::string& name,
                          const std::vector<record::EventSchema>& schemas) {
  std::vector<std::string_view> numbers;
  const record::FieldSchema* other = nullptr;
  for (const record::EventSchema& schema : schemas) {
    for (const record::FieldSchema& field : schema.fields) {
      if (report::is_number(field))
        numbers.push_back(field.name);
      else if (field.name == name)
        other = &field;
    }
  }
  if (std::ranges::find(numbers, name) != numbers.end()) return {};
  Error error = wrong_word(std::string(option), name, "no event of this recording has a field '" + name + "'",
                           base::did_you_mean(base::nearest(name, numbers)));
  if (other != nullptr) error.what = "'" + name + "' is " + kind_name(*other) + ", not a number";
  return fail(std::move(error));
}

Result<void> check_stacks(const report::Profile& profile, const std::string& path) {
  if (report::has_stacks(profile)) return {};
  return fail({.what = "there are no stacks in '" + path + "'",
               .hint = "'dtrace++ record -g' records them",
               .status = Status::wrong_request});
}

void print_counts(const record::Counts& counts, const std::optional<record::Ledger>& ledger, bool verbose) {
  if (ledger) fmt::print(stderr, "{}", record::sampling_text(*ledger));
  if (ledger && (ledger->lost() > 0 || verbose))
    fmt::print(stderr, "lost: {} records\n{}", ledger->lost(), record::ledger_table(*ledger));
  // Without a ledger there is only what the rings tell.
  if (!ledger && counts.lost > 0)
    fmt::print(stderr, "lost: {} records were never written, the rings were full\n", counts.lost);
  print_left_out(counts);
}

void print_left_out(const record::Counts& counts) {
  if (counts.other > 0)
    fmt::print(stderr, "left out: {} samples that are not of a tracepoint or probe\n", counts.other);
  if (counts.broken > 0) fmt::print(stderr, "left out: {} samples that are not whole\n", counts.broken);
}

}  // namespace dtp::cmd
