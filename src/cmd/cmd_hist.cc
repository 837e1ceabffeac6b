// dtrace++ hist: counts the hits of a probe by values.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/suggest.h"
#include "cmd/answer_options.h"
#include "cmd/command.h"
#include "cmd/compile.h"
#include "cmd/field_list.h"
#include "recipe/settings.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::vector<std::string> words = {};  // the probe
  TargetOptions target = {};
  AnswerFlags answer = {};
  std::string keys = {};
  std::string values = {};
  bool by_powers = false;
  std::uint64_t step = 0;
  std::string sort = {};
  std::string filter = {};
};

constexpr std::string_view hits = "hits";

// Of the whole probe: values that are not fetched by it are fetched, too.
Result<report::Answer> make_answer(const Options& options, FieldList& fields) {
  report::Answer answer{.top = options.answer.top};
  DTP_TRY(const std::vector<std::string> keys, fields.add("--key", options.keys));
  DTP_TRY(const std::vector<std::string> values, fields.add("--value", options.values));
  for (const std::string& key : keys) answer.columns.push_back({.name = key, .of = key});
  const bool by_ranges = options.by_powers || options.step != 0;
  if (by_ranges) {
    if (values.size() > 1)
      return fail({.what = "ranges are of one value: --value names several",
                   .where = Where{"--value", options.values, {0, options.values.size()}},
                   .status = Status::wrong_request});
    if (!values.empty()) answer.columns.push_back({.name = values.front(), .of = values.front()});
    report::Show& show = answer.columns.back().show;
    show.as = options.by_powers ? report::Show::As::powers : report::Show::As::steps;
    show.step = options.step;
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
    return fail({.what = fmt::format("the table has no column '{}'", sort),
                 .where = Where{"--sort", sort, {0, sort.size()}},
                 .hint = std::move(hint),
                 .status = Status::wrong_request});
  }
  answer.sort = by->name;
  answer.descending = by->aggregate != report::Aggregate::none;
  return {};
}

Result<int> hist(const Options& options, const std::vector<std::string>& command, const Common& common) {
  DTP_TRY(FieldList fields, FieldList::of_probe(join_words(options.words)));
  recipe::Recipe recipe{.name = "counting", .question = join_words(options.words)};
  DTP_TRY(recipe.answer, make_answer(options, fields));
  DTP_CHECK(check_names(recipe.answer));
  DTP_CHECK(set_order(recipe.answer, options.sort));
  recipe.probes.push_back(
      {.name = "probe",
       .attempts = {{.probe = fields.probe(), .program = options.target.executable, .module = options.target.module}},
       .filter = options.filter});
  DTP_TRY(AnswerOptions wanted, to_answer_options(options.answer, options.target, command, common));
  if (!options.target.executable.empty() && options.target.target_ns == 0) wanted.target.pids = wanted.watched.pids;
  return answer(recipe, {}, wanted, common);
}

}  // namespace

void add_hist(Registry& registry) {
  CLI::App& command =
      *registry.app.add_subcommand("hist", "count the hits of a probe by values, in the kernel if it can");
  const auto options = std::make_shared<Options>();
  command.add_option("PROBE", options->words, "FUNCTION[@FILE][+OFFSET|:LINE|%return] or FILE:LINE [ARGUMENT...]")
      ->required();
  command
      .add_option(
          "--key", options->keys,
          "a row of the table for each of their values: pid, tid, comm, cpu, event, function, stack, what the probe "
          "fetches, or more to fetch, [NAME=]EXPRESSION")
      ->type_name("FIELDS")
      ->required();
  command.add_option("--value", options->values, "numbers to be added up, likewise")->type_name("FIELDS");
  auto* powers = command.add_flag("--log2", options->by_powers,
                                  "rows for ranges of the value, or of the last key: up to the next power of two");
  command.add_option("--buckets", options->step, "the same, of so many numbers each")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 62))
      ->excludes(powers);
  command.add_option("--sort", options->sort, "a column; the default is what is counted, or the first sum")
      ->type_name("COLUMN");
  command.add_option("--filter", options->filter, "hits for which this holds: 'size > 100 && dest == 10.0.0.1'");
  add_target_options(command, options->target);
  add_compile_options(command, options->target);
  add_answer_options(command, options->answer);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ hist vfs_read --key comm --value count --duration 10s\n"
      "  dtrace++ hist tcp_sendmsg --key comm,dest=sk->__sk_common.skc_daddr --value size --top 20\n"
      "  dtrace++ hist syscalls:sys_enter_write --key comm,count --log2\n"
      "  dtrace++ hist -x /bin/bash 'readline%return line=+0($retval):string' --key line --every 5s");
  run_with_command(command, registry, options, hist);
}

}  // namespace dtp::cmd
