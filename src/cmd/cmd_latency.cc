// dtrace++ latency: the time between any two points.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/quantity.h"
#include "cmd/answer_options.h"
#include "cmd/answering.h"
#include "cmd/command.h"
#include "cmd/compile.h"
#include "cmd/field_list.h"
#include "cmd/wrong_word.h"
#include "expr/parse.h"
#include "recipe/settings.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::string from = {};
  std::string to = {};
  TargetOptions target = {};
  std::string from_program = {};
  std::string to_program = {};
  AnswerFlags answer = {};
  std::string by = {};
  std::string keys = {};
  std::string over = {};
  std::string from_filter = {};
  std::string to_filter = {};
  bool with_stacks = false;
};

constexpr std::size_t usual_greatest = 10;

// Probes, and what they fetch.
struct Ends {
  FieldList from;
  FieldList to;
};

// "FIELD" is in both, "FIRST=SECOND" one in each.
Result<std::vector<report::Match>> match(const std::string& text, Ends& ends) {
  std::vector<report::Match> matches;
  std::string rest = text;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string part = rest.substr(0, comma);
    rest.erase(0, comma + 1);
    const std::size_t equal = part.find('=');
    const std::string first = part.substr(0, equal);
    const std::string second = equal == std::string::npos ? first : part.substr(equal + 1);
    if (first.empty() || second.empty())
      return fail(wrong_word("--by", text, "--by takes FIELD or FIRST=SECOND, with commas between"));
    DTP_TRY(const std::vector<std::string> firsts, ends.from.add("--by", first));
    DTP_TRY(const std::vector<std::string> seconds, ends.to.add("--by", second));
    matches.push_back({firsts.front(), seconds.front()});
  }
  return matches;
}

const report::Show duration{.as = report::Show::As::duration};

// One row of a pair: when, who, how long, and all that was fetched.
std::vector<report::AnswerColumn> columns_of_each(const Options& options, const Ends& ends) {
  std::vector<report::AnswerColumn> columns{{.name = "time", .of = "time", .show = {.as = report::Show::As::clock}},
                                            {.name = "comm", .of = "comm"},
                                            {.name = "tid", .of = "tid"},
                                            {.name = "latency", .of = "latency", .show = duration}};
  for (const FieldList* list : {&ends.from, &ends.to})
    for (const std::string& name : list->names())
      if (std::ranges::find(columns, name, &report::AnswerColumn::name) == columns.end())
        columns.push_back({.name = name, .of = name});
  if (options.with_stacks) columns.push_back({.name = "stack", .of = "stack"});
  return columns;
}

Result<report::Answer> make_answer(const Options& options, Ends& ends) {
  report::Answer answer;
  DTP_TRY(const std::vector<std::string> keys, ends.from.add("--key", options.keys));
  if (!options.over.empty()) {
    const auto least_ns = base::parse_duration_ns(options.over);
    if (!least_ns) return fail(wrong_word("--over", options.over, "--over takes a time such as 10ms, 500us, 2s"));
    if (!keys.empty()) return fail(wrong_word("--key", options.keys, "--over is a list: there is no table with keys"));
    answer.columns = columns_of_each(options, ends);
    answer.where = fmt::format("latency >= {}", *least_ns);
    return answer;
  }
  for (const std::string& key : keys) answer.columns.push_back({.name = key, .of = key});
  answer.columns.push_back({.name = "count", .aggregate = report::Aggregate::count});
  for (const report::AggregateName& one : report::aggregate_names) {
    const bool is_of_numbers = one.aggregate != report::Aggregate::count && one.aggregate != report::Aggregate::last &&
                               one.aggregate != report::Aggregate::often;
    if (!is_of_numbers) continue;
    answer.columns.push_back(
        {.name = std::string(one.name), .of = "latency", .aggregate = one.aggregate, .show = duration});
  }
  answer.sort = "sum";
  answer.histogram = "latency";
  answer.each = columns_of_each(options, ends);
  answer.greatest = options.answer.top != 0 ? options.answer.top : usual_greatest;
  answer.greatest_of = "latency";
  return answer;
}

// Two events of one group need two names.
Result<std::string> second_probe(const std::string& from, const std::string& to) {
  DTP_TRY(const expr::Request first, expr::parse_request(from));
  DTP_TRY(const expr::Request second, expr::parse_request(to));
  const bool are_alike = first.point.function == second.point.function &&
                         first.point.is_return == second.point.is_return && second.point.provider.empty();
  return are_alike && !second.point.event ? "to=" + to : to;
}

Result<int> latency(const Options& options, const std::vector<std::string>& command, const Common& common) {
  DTP_TRY(const std::string to, second_probe(options.from, options.to));
  DTP_TRY(FieldList from_fields, FieldList::of_probe(options.from));
  DTP_TRY(FieldList to_fields, FieldList::of_probe(to));
  Ends ends{std::move(from_fields), std::move(to_fields)};
  recipe::Recipe recipe{.name = "timing", .question = options.from + " -> " + options.to};
  recipe.pairing = recipe::Pairing{.from = {"from"}, .to = {"to"}};
  DTP_TRY(recipe.pairing->by, match(options.by, ends));
  DTP_TRY(recipe.answer, make_answer(options, ends));
  recipe.with_stacks = options.with_stacks;
  const auto add = [&](const char* name, const FieldList& fields, const std::string& program,
                       const std::string& filter) {
    recipe.probes.push_back({.name = name,
                             .attempts = {{.probe = fields.probe(),
                                           .program = program.empty() ? options.target.executable : program,
                                           .module = options.target.module}},
                             .filter = filter});
  };
  add("from", ends.from, options.from_program, options.from_filter);
  add("to", ends.to, options.to_program, options.to_filter);
  DTP_TRY(AnswerOptions wanted, to_answer_options(options.answer, options.target, command, common));
  const bool is_program = !options.target.executable.empty() || !(options.from_program + options.to_program).empty();
  if (is_program && options.target.target_ns == 0) wanted.target.pids = wanted.watched.pids;
  return answer(recipe, {}, wanted, common);
}

}  // namespace

void add_latency(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("latency", "the time between any two points");
  const auto options = std::make_shared<Options>();
  command.add_option("FROM", options->from, "a probe: 'POINT [ARGUMENT...]'")->required();
  command.add_option("TO", options->to, "another one")->required();
  command
      .add_option("--by", options->by,
                  "hits with the same values of these belong together; FIRST=SECOND where the two points have "
                  "different names; the default is by thread, where calls nest: 'tid' says that they do not")
      ->type_name("FIELDS");
  command.add_option("--key", options->keys, "a row of the table for each of their values, at FROM")
      ->type_name("FIELDS");
  command.add_option("--over", options->over, "print what takes at least so long, as it comes: 10ms")
      ->type_name("TIME");
  command.add_flag("--stack", options->with_stacks, "the stack at FROM, by frame pointers, beside what is listed");
  command.add_option("--filter", options->from_filter, "hits of FROM for which this holds");
  command.add_option("--to-filter", options->to_filter, "hits of TO for which this holds");
  command.add_option("--from-x", options->from_program, "FROM is in this program or library")->type_name("FILE");
  command.add_option("--to-x", options->to_program, "TO is in this one")->type_name("FILE");
  add_target_options(command, options->target);
  add_compile_options(command, options->target);
  add_answer_options(command, options->answer);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ latency vfs_read vfs_read%return --key comm\n"
      "  dtrace++ latency block:block_rq_issue block:block_rq_complete --by dev,sector --over 10ms\n"
      "  dtrace++ latency 'sched:sched_wakeup woken=pid' sched:sched_switch --by woken=next_pid\n"
      "  dtrace++ latency -x /bin/bash execute_command execute_command%return --stack");
  run_with_command(command, registry, options, latency);
}

}  // namespace dtp::cmd
