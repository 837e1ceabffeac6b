#include "cmd/answering.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "cmd/counting.h"
#include "cmd/meanings.h"
#include "cmd/pairing.h"
#include "cmd/polling.h"
#include "cmd/write_file.h"
#include "kernel/urgent.h"
#include "record/process_tree.h"
#include "report/flame_graph_svg.h"
#include "report/greatest.h"
#include "report/key.h"
#include "report/pairs.h"
#include "report/phases.h"
#include "report/runs.h"
#include "report/table.h"
#include "symbol/symbolizer.h"

namespace dtp::cmd {
namespace {

using recipe::Probe;
using recipe::Recipe;
using recipe::Settings;

// The events of all probes, each once: two probes may look at the same tracepoint.
class Routes {
 public:
  Result<void> add(const Probe& probe, const std::vector<WatchedEvent>& watched) {
    for (const WatchedEvent& event : watched) {
      const auto same =
          std::ranges::find_if(events_, [&](const WatchedEvent& known) { return known.schema.id == event.schema.id; });
      const auto index = static_cast<std::size_t>(same - events_.begin());
      if (same == events_.end()) {
        events_.push_back(event);
        probes_.push_back({&probe});
        continue;
      }
      if (same->filter != event.filter)
        return fail({.what = fmt::format("'{}' and '{}' are the same event: they cannot have different filters",
                                         probes_[index].front()->name, probe.name),
                     .status = Status::wrong_request});
      for (const record::FieldSchema& field : event.schema.fields)
        if (std::ranges::find(same->schema.fields, field.name, &record::FieldSchema::name) == same->schema.fields.end())
          same->schema.fields.push_back(field);
      probes_[index].push_back(&probe);
    }
    return {};
  }
  const std::vector<WatchedEvent>& events() const { return events_; }
  // Those of other probes have no stack.
  void leave_stacks(const std::vector<std::string>& probes) {
    for (std::size_t i = 0; i < events_.size(); ++i) events_[i].without_stack = !leads_to(i, probes);
  }
  const std::vector<const Probe*>& probes_of(std::size_t event) const { return probes_[event]; }
  // What records of an event are for.
  struct Role {
    bool is_silent = false;
    bool begins = false;  // a pair, or a run
    bool ends = false;
    std::optional<std::size_t> phase = {};  // of a pair, that the record begins or ends: see phases_of()
    bool ends_phase = false;
  };
  // Of the events' schemas, in their order. Several share an event.
  std::vector<Role> roles(const Recipe& recipe, const std::vector<std::string>& phases) const {
    const auto& [from, to] = ends_of(recipe);
    std::vector<Role> roles;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      Role role{.is_silent = std::ranges::all_of(probes_[i], &Probe::is_silent)};
      role.begins = leads_to(i, from);
      role.ends = leads_to(i, to);
      const Probe& first = *probes_[i].front();
      const auto phase = std::ranges::find(phases, first.phase);
      if (phase != phases.end()) role.phase = static_cast<std::size_t>(phase - phases.begin());
      role.ends_phase = first.ends_phase;
      roles.insert(roles.end(), schemas_of(events_[i]).size(), role);
    }
    return roles;
  }

 private:
  using Names = std::vector<std::string>;
  static std::pair<Names, Names> ends_of(const Recipe& recipe) {
    if (recipe.pairing) return {recipe.pairing->from, recipe.pairing->to};
    if (recipe.run) return {recipe.run->from, recipe.run->to};
    return {};
  }
  bool leads_to(std::size_t event, const std::vector<std::string>& probes) const {
    return std::ranges::any_of(probes_[event],
                               [&](const Probe* one) { return std::ranges::find(probes, one->name) != probes.end(); });
  }

  std::vector<WatchedEvent> events_ = {};
  std::vector<std::vector<const Probe*>> probes_ = {};  // of each event
};

// Each once, in the order of the recipe.
std::vector<std::string> phases_of(const Recipe& recipe) {
  std::vector<std::string> phases;
  for (const Probe& probe : recipe.probes)
    if (!probe.phase.empty() && !probe.ends_phase) phases.push_back(probe.phase);
  return phases;
}

// Records become rows, and rows the answer.
class Answering {
 public:
  // `are_paired`: a record is of a pair already.
  Answering(const Recipe& recipe, const Settings& settings, const Routes& routes, const AnswerOptions& options,
            bool are_paired)
      : recipe_(recipe),
        routes_(routes),
        options_(options),
        answer_(fill_answer(recipe.answer, settings, routes.events(), meanings_)),
        phases_(phases_of(recipe)) {
    const std::vector<std::string> names = values_of(answer_);
    if (std::ranges::any_of(names, [](const std::string& name) { return wants_processes(name); }))
      processes_ = record::ProcessTree::of_this_machine();
    const report::RowSources sources{&symbols_, processes_ ? &*processes_ : nullptr};
    phase_column_ = static_cast<std::size_t>(std::ranges::find(names, "phases") - names.begin());
    if (recipe.pairing && !are_paired)
      pairs_.emplace(names, recipe.pairing->by, sources, recipe.pairing->end, recipe.pairing->stays);
    else if (recipe.run)
      runs_.emplace(names, recipe.run->of, static_cast<std::uint64_t>(time_of(settings.fill(recipe.run->over)).count()),
                    sources);
    else
      rows_.emplace(names, sources);
    if (!options.flamegraph.empty()) profiler_.emplace(std::vector{report::parse_key("comm")}, symbols_);
    if (report::is_added_up(answer_))
      table_.emplace(answer_);
    else
      lines_.emplace(output_, answer_, options.format);
    if (answer_.greatest > 0) greatest_.emplace(answer_);
  }

  Result<void> begin(const std::vector<record::EventSchema>& schemas) {
    schemas_ = schemas.data();
    if (pairs_ || !recipe_.pairing)
      roles_ = routes_.roles(recipe_, phases_of(recipe_));
    else
      roles_.resize(schemas.size());
    return lines_ ? lines_->begin() : Result<void>{};
  }

  Result<void> record(const record::Record& record) {
    if (processes_) follow(record);
    const Routes::Role& role = roles_[static_cast<std::size_t>(record.schema - schemas_)];
    if (role.is_silent) return {};
    if (profiler_) profiler_->add(record);
    if (runs_) return add_to_run(record, role);
    if (!pairs_) return row(rows_->make(record));
    if (role.phase && !role.ends_phase) phases_.enter(record.tid, *role.phase, record.time_ns);
    if (role.phase && role.ends_phase) phases_.leave(record.tid, *role.phase, record.time_ns);
    Result<void> done;
    if (role.ends)
      if (report::Row* const paired = pairs_->end(record); paired != nullptr && !recipe_.pairing->shows_open) {
        if (phase_column_ < paired->size()) (*paired)[phase_column_] = {phases_.end(record.tid, record.time_ns)};
        done = row(*paired);
      }
    if (role.begins) begin_pair(record);
    return done;
  }

  Result<void> round() {
    if (table_ && options_.every_ms > 0) {
      const auto now = std::chrono::steady_clock::now();
      if (now - shown_ < std::chrono::milliseconds(options_.every_ms)) return {};
      shown_ = now;
      DTP_CHECK(write_table());
      output_.buffer() += '\n';
    }
    return output_.flush();
  }

  Result<void> end() {
    if (pairs_ && recipe_.pairing->shows_open)
      for (const report::Row& open : pairs_->open_rows()) DTP_CHECK(row(open));
    if (table_) DTP_CHECK(write_table());
    if (profiler_) DTP_CHECK(draw());
    return output_.flush();
  }

  bool reader_left() const { return output_.reader_left(); }
  const std::optional<report::Pairs>& pairs() const { return pairs_; }
  const std::optional<report::Runs>& runs() const { return runs_; }
  symbol::Symbolizer& symbols() { return symbols_; }

 private:
  void begin_pair(const record::Record& record) {
    pairs_->begin(record);
    if (phase_column_ < pairs_->names().size()) phases_.begin(record.tid, record.time_ns);
  }

  static bool wants_processes(const std::string& name) { return name == "ppid" || name == "parent" || name == "chain"; }

  // Who started whom.
  void follow(const record::Record& record) {
    processes_->see(record.pid, record.comm);
    if (record.schema->event != "sched_process_fork") return;
    const auto number = [&](std::string_view name) {
      const record::FieldSchema* field = report::find_field(*record.schema, name);
      report::Wide value = 0;
      if (field != nullptr) report::get_number({report::value_of(record, *field)}, value);
      return static_cast<std::uint32_t>(value);
    };
    if (const std::uint32_t child = number("child_pid"); child != 0) processes_->fork(number("parent_pid"), child);
  }

  Result<void> add_to_run(const record::Record& record, const Routes::Role& role) {
    if (role.begins)
      runs_->begin(record);
    else if (!role.ends)
      runs_->step(record);
    else
      for (const report::Row& step : runs_->end(record)) DTP_CHECK(row(step));
    return {};
  }

  Result<void> draw() {
    const report::FlameGraph graph = make_flame_graph(std::move(*profiler_).finish(), report::Order::caller);
    return write_file(options_.flamegraph,
                      [&](report::Output& output) { return report::write_flame_svg(output, graph, recipe_.question); });
  }

  Result<void> row(const report::Row& row) {
    if (lines_) return lines_->add(row);
    table_->add(row);
    if (greatest_) greatest_->add(row);
    return {};
  }
  Result<void> write_table() {
    DTP_CHECK(table_->write(output_, options_.format));
    return greatest_ ? greatest_->write(output_, options_.format) : Result<void>{};
  }

  const Recipe& recipe_;
  const Routes& routes_;
  const AnswerOptions& options_;
  Meanings meanings_ = {};
  report::Answer answer_;
  report::Output output_{STDOUT_FILENO};
  symbol::Symbolizer symbols_{{}};
  std::optional<record::ProcessTree> processes_ = {};  // if an answer asks for them
  std::optional<report::RowMaker> rows_ = {};
  std::optional<report::Pairs> pairs_ = {};
  report::Phases phases_;
  std::size_t phase_column_ = 0;  // of a row; behind its end: they are not asked for
  std::optional<report::Runs> runs_ = {};
  std::optional<report::Profiler> profiler_ = {};  // if its stacks are to be drawn
  std::optional<report::AnswerTable> table_ = {};
  std::optional<report::GreatestRows> greatest_ = {};
  std::optional<report::AnswerLines> lines_ = {};
  const record::EventSchema* schemas_ = nullptr;
  std::vector<Routes::Role> roles_ = {};  // of schemas_
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
};

}  // namespace

Result<void> check_where(const Recipe& recipe, const Settings& settings) {
  const std::string where = settings.fill_where(recipe.answer.where);
  if (where.empty()) return {};
  const auto formula = report::Formula::parse(where, "where");
  if (!formula) return std::unexpected(formula.error());
  return {};
}

Result<std::vector<ServingEvent>> serving_events(const std::vector<Placed>& placed) {
  Routes routes;
  for (const Placed& one : placed) DTP_CHECK(routes.add(*one.probe, one.watched));
  std::vector<ServingEvent> events;
  for (std::size_t i = 0; i < routes.events().size(); ++i) events.push_back({routes.events()[i], routes.probes_of(i)});
  return events;
}

namespace {

void print_runs(const report::RunCounts& counts) {
  const std::string left_out =
      counts.forgotten == 0 ? "" : fmt::format(", {} left out: too many steps", counts.forgotten);
  fmt::print(stderr, "{} run{}, {} shown, {} without an end{}\n", counts.ended, counts.ended == 1 ? "" : "s",
             counts.shown, counts.open, left_out);
}

kernel::Stacks stacks_of(const Recipe& recipe) {
  if (!recipe.with_stacks) return kernel::Stacks::none;
  return recipe.unwinds ? kernel::Stacks::copies : kernel::Stacks::frame_pointers;
}

// The recipe and how it is asked.
struct Question {
  const Recipe& recipe;
  const Settings& settings;
  const AnswerOptions& options;
  const Common& common;
};

void print_lone(const report::Pairs& pairs) {
  if (pairs.open() == 0 && pairs.lone_ends() == 0) return;
  fmt::print(stderr, "left out: {} beginnings without an end, {} ends without a beginning\n", pairs.open(),
             pairs.lone_ends());
}

struct Answered {
  Result<int> status = {};  // of the program
  bool has_begun = false;   // probes were in place
};

// Everything of the capture is closed when this returns.
Answered answer_from(kernel::TraceFs& tracefs, const Question& question, const Routes& routes,
                     const std::vector<WatchedEvent>& events, bool are_paired, kernel::StopSignals& signals) {
  const auto& [recipe, settings, options, common] = question;
  Answering answering(recipe, settings, routes, options, are_paired);
  Answered answered;
  bool announced = !options.announce;
  const Live live{
      .target = options.watched,
      .options = {.duration_ms = options.duration_ms, .stacks = {.kind = stacks_of(recipe)}, .budget = options.budget},
      .symbols = &answering.symbols(),
      .begin =
          [&](const std::vector<record::EventSchema>& schemas) {
            answered.has_begun = true;
            return answering.begin(schemas);
          },
      .record = [&](const record::Record& record) { return answering.record(record); },
      .round =
          [&] {
            // Not earlier: now the probes are in place.
            if (!std::exchange(announced, true))
              fmt::print(stderr, "{}: {}  ^C ends it\n", recipe.name, recipe.question);
            return answering.round();
          }};
  const auto seen = stream(tracefs, events, live, signals);
  const Result<void> ended = seen ? answering.end() : Result<void>{};
  if (answering.reader_left()) {
    answered.status = 0;
  } else if (!seen) {
    answered.status = std::unexpected(seen.error());
  } else if (!ended) {
    answered.status = std::unexpected(ended.error());
  } else {
    if (!common.quiet && answering.pairs() && !recipe.pairing->shows_open) print_lone(*answering.pairs());
    if (!common.quiet && answering.runs()) print_runs(answering.runs()->counts());
    print_seen(*seen, common);
    answered.status = exit_status(seen->ending);
  }
  return answered;
}

// By pairs that the kernel puts together. None: not here, and nothing is left behind.
std::optional<Result<int>> answer_from_pairs(kernel::TraceFs& tracefs, const Question& question, const Routes& routes,
                                             kernel::StopSignals& signals) {
  const auto& [recipe, settings, options, common] = question;
  const auto not_here = [&](const Error& error) -> std::optional<Result<int>> {
    if (common.verbose) fmt::print(stderr, "put together from the event stream: {}\n", error.what);
    return std::nullopt;
  };
  const Meanings meanings;
  const report::Answer answer = fill_answer(recipe.answer, settings, routes.events(), meanings);
  const auto where = report::Formula::parse(answer.where, "where");
  const std::uint64_t least_ns = where ? where->least("latency").value_or(0) : 0;
  auto paired = pair_in_kernel(tracefs, recipe, options, routes.events(), report::values_of(answer), least_ns);
  if (!paired) return not_here(paired.error());
  if (common.verbose) print_pairing(*paired);
  Answered answered = answer_from(tracefs, question, routes, {paired->watched}, true, signals);
  if (!answered.status && !answered.has_begun) return not_here(answered.status.error());
  return std::move(answered.status);
}

}  // namespace

Result<void> answer_collected(const Recipe& recipe, const Settings& settings, const std::vector<ServingEvent>& events,
                              const AnswerOptions& options, const Common& common, const Feed& feed) {
  Routes routes;
  std::vector<record::EventSchema> schemas;
  for (const ServingEvent& serving : events) {
    for (const Probe* probe : serving.probes) DTP_CHECK(routes.add(*probe, {serving.event}));
    std::ranges::move(schemas_of(serving.event), std::back_inserter(schemas));
  }
  Answering answering(recipe, settings, routes, options, false);
  const auto made = [&]() -> Result<void> {
    DTP_CHECK(answering.begin(schemas));
    DTP_CHECK(feed(schemas, [&](const record::Record& record) { return answering.record(record); }));
    return answering.end();
  }();
  if (!made && !answering.reader_left()) return made;
  if (!common.quiet && answering.pairs() && !recipe.pairing->shows_open) print_lone(*answering.pairs());
  return {};
}

Result<int> answer(const Recipe& recipe, const Settings& settings, const AnswerOptions& options, const Common& common) {
  if (!options.flamegraph.empty() && !recipe.with_stacks)
    return fail({.what = fmt::format("'{}' has no stacks to be drawn", recipe.name), .status = Status::wrong_request});
  if (!options.plot.empty() && recipe.plot.empty())
    return fail({.what = fmt::format("'{}' has no trend to be drawn", recipe.name), .status = Status::wrong_request});
  const kernel::Urgent urgent;
  if (recipe.poll) return answer_polled(recipe, settings, options, common);
  DTP_CHECK(check_where(recipe, settings));
  DTP_TRY(auto tracefs, kernel::find_tracefs());
  // From here on signals are only noticed: what is put into the kernel is taken out again on every way.
  DTP_TRY(auto signals, kernel::StopSignals::block());
  DTP_CHECK(kernel::remove_stale(tracefs));
  if (report::is_added_up(recipe.answer)) {
    std::string why_not = why_not_counted(recipe, settings, options);
    if (why_not.empty()) {
      DTP_TRY(CountedAnswer counted, count_in_kernel(tracefs, recipe, settings, options, common, signals));
      if (counted.status) return *counted.status;
      why_not = std::move(counted.why_not);
    }
    if (common.verbose && !recipe.pairing) fmt::print(stderr, "counted from the event stream: {}\n", why_not);
  }
  DTP_TRY(const kernel::Owner owner, kernel::this_process());
  DTP_TRY(std::vector<Placed> placed,
          place_all(tracefs, recipe, settings, options.target, {.group = kernel::group_of(owner)}, common));
  Routes routes;
  for (const Placed& one : placed) DTP_CHECK(routes.add(*one.probe, one.watched));
  if (!recipe.stacks_of.empty()) routes.leave_stacks(recipe.stacks_of);
  const Question question{recipe, settings, options, common};
  std::optional<Result<int>> status;
  if (recipe.pairing) status = answer_from_pairs(tracefs, question, routes, signals);
  if (!status) status = answer_from(tracefs, question, routes, routes.events(), false, signals).status;
  for (Placed& one : placed) DTP_CHECK(disarm(one.armed));
  return std::move(*status);
}

}  // namespace dtp::cmd
