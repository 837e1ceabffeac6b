#include "cmd/hist_question.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "cmd/field_list.h"
#include "cmd/wrong_word.h"

namespace dtp::cmd {
namespace {

constexpr std::string_view hits = "hits";

// Of the whole probe: values that are not fetched by it are fetched, too.
Result<report::Answer> make_answer(const HistFlags& flags, std::size_t top, FieldList& fields) {
  report::Answer answer{.top = top};
  DTP_TRY(const std::vector<std::string> keys, fields.add("--key", flags.keys));
  DTP_TRY(const std::vector<std::string> values, fields.add("--value", flags.values));
  for (const std::string& key : keys) answer.columns.push_back({.name = key, .of = key});
  const bool by_ranges = flags.by_powers || flags.step != 0;
  if (by_ranges) {
    if (values.size() > 1)
      return fail(wrong_word("--value", flags.values, "ranges are of one value: --value names several"));
    if (!values.empty()) answer.columns.push_back({.name = values.front(), .of = values.front()});
    report::Show& show = answer.columns.back().show;
    show.as = flags.by_powers ? report::Show::As::powers : report::Show::As::steps;
    show.step = flags.step;
  }
  answer.columns.push_back({.name = std::string(hits), .aggregate = report::Aggregate::count});
  for (const std::string& value : values) {
    if (by_ranges) break;
    answer.columns.push_back({"sum_" + value, "sum(" + value + ")", value, report::Aggregate::sum});
    answer.columns.push_back({"mean_" + value, "mean(" + value + ")", value, report::Aggregate::mean});
  }
  answer.sort = by_ranges ? answer.columns.front().name : values.empty() ? hits : "sum_" + values.front();
  return answer;
}

Result<void> check_names(const report::Answer& answer) {
  for (const report::AnswerColumn& column : answer.columns) {
    if (std::ranges::count(answer.columns, column.name, &report::AnswerColumn::name) == 1) continue;
    return fail(
        {.what = fmt::format("two columns are called '{}'", column.name),
         .hint = fmt::format("give the value another name: NAME={}", column.of.empty() ? column.name : column.of),
         .status = Status::wrong_request});
  }
  return {};
}

// What is added up has its greatest first, keys their least.
Result<void> set_order(report::Answer& answer, const std::string& sort) {
  const auto is_sort = [&](const report::AnswerColumn& column) {
    return column.name == answer.sort || (!column.title.empty() && column.title == answer.sort);
  };
  if (!sort.empty()) answer.sort = sort;
  const auto by = std::ranges::find_if(answer.columns, is_sort);
  if (by == answer.columns.end()) {
    std::vector<std::string_view> names;
    for (const report::AnswerColumn& column : answer.columns) names.push_back(column.name);
    std::string hint = base::did_you_mean(base::nearest(sort, names));
    if (hint.empty()) hint = fmt::format("there are: {}", fmt::join(names, ", "));
    return fail(wrong_word("--sort", sort, fmt::format("the table has no column '{}'", sort), std::move(hint)));
  }
  answer.sort = by->name;
  answer.descending = by->aggregate != report::Aggregate::none;
  return {};
}

}  // namespace

CLI::Option* add_hist_options(CLI::App& command, HistFlags& flags) {
  CLI::Option* const keys = command
                                .add_option("--key", flags.keys,
                                            "a row of the table for each of their values: pid, tid, comm, cpu, event, "
                                            "function, stack, what the probe "
                                            "fetches, or more to fetch, [NAME=]EXPRESSION")
                                ->type_name("FIELDS");
  command.add_option("--value", flags.values, "numbers to be added up, likewise")->type_name("FIELDS");
  auto* powers = command.add_flag("--log2", flags.by_powers,
                                  "rows for ranges of the value, or of the last key: up to the next power of two");
  command.add_option("--buckets", flags.step, "the same, of so many numbers each")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 62))
      ->excludes(powers);
  command.add_option("--sort", flags.sort, "a column; the default is what is counted, or the first sum")
      ->type_name("COLUMN");
  command.add_option("--filter", flags.filter, "hits for which this holds: 'size > 100 && dest == 10.0.0.1'");
  return keys;
}

Result<recipe::Recipe> to_recipe(const std::string& probe, const HistFlags& flags, const TargetOptions& target,
                                 std::size_t top) {
  DTP_TRY(FieldList fields, FieldList::of_probe(probe));
  recipe::Recipe recipe{.name = "counting", .question = probe};
  DTP_TRY(recipe.answer, make_answer(flags, top, fields));
  DTP_CHECK(check_names(recipe.answer));
  DTP_CHECK(set_order(recipe.answer, flags.sort));
  recipe.probes.push_back(
      {.name = "probe",
       .attempts = {{.probe = fields.probe(), .program = target.executable, .module = target.module}},
       .filter = flags.filter});
  return recipe;
}

}  // namespace dtp::cmd
