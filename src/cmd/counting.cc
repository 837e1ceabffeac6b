#include "cmd/counting.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "kernel/child.h"
#include "record/comm.h"
#include "record/decode.h"

namespace dtp::cmd {
namespace {

using kernel::HistogramKey;
using record::FieldKind;
using record::FieldSchema;
using report::Aggregate;

bool is_number(const FieldSchema& field) {
  const bool has_size = field.size == 1 || field.size == 2 || field.size == 4 || field.size == 8;
  return has_size && !field.dynamic && field.parts.empty() && field.kind != FieldKind::string &&
         field.kind != FieldKind::bytes && field.kind != FieldKind::array;
}

bool is_text(const FieldSchema& field) {
  return field.kind == FieldKind::string && field.parts.empty() && !field.relative &&
         field.display == path::Display::none;
}

// A number as it lies in memory.
bool is_plain_number(const FieldSchema& field) {
  return is_number(field) && (field.display == path::Display::none || field.display == path::Display::decimal);
}

// Keys and sums of one event, as the answer wants them.
class Binder {
 public:
  Binder(const report::Answer& answer, const WatchedEvent& watched, const record::EventSchema& raw)
      : answer_(answer), watched_(watched), raw_(raw) {}

  // The error's text is why it cannot be.
  Result<CountedEvent> bind() {
    event_.schema = watched_.schema;
    event_.schema.fields.clear();
    event_.schema.ip_offset = event_.schema.return_ip_offset = -1;
    event_.histogram.name = watched_.name;
    event_.histogram.filter = watched_.filter;
    for (const report::AnswerColumn& column : answer_.columns) {
      event_.sum_of.push_back(0);
      const bool is_key = column.aggregate == Aggregate::none;
      if (is_key) DTP_CHECK(add_key(column));
      if (!is_key && !column.of.empty()) DTP_CHECK(add_sum(column.of));
    }
    // There is no histogram without a key.
    if (keys_.empty()) add({.field = "common_cpu"}, {KeyPlace::Of::cpu});
    // Numbers stand first: what follows a string is looked for.
    std::ranges::stable_partition(keys_, [](const auto& key) { return key.first.kind != HistogramKey::Kind::text; });
    for (auto& [key, place] : keys_) {
      event_.histogram.keys.push_back(std::move(key));
      event_.places.push_back(place);
    }
    return std::move(event_);
  }

 private:
  static Error not_so(const std::string& what) { return {.what = what, .status = Status::not_possible}; }

  void add(HistogramKey key, KeyPlace place) {
    const auto same = [&](const auto& known) { return known.first == key; };
    if (std::ranges::none_of(keys_, same)) keys_.emplace_back(std::move(key), place);
  }

  // As the kernel has it: it may be shown under another name.
  std::string raw_name(const FieldSchema& field) const {
    const auto raw = std::ranges::find(raw_.fields, field.offset, &FieldSchema::offset);
    return raw == raw_.fields.end() ? field.name : raw->name;
  }

  const FieldSchema* find(std::string_view name) const {
    const auto field = std::ranges::find(watched_.schema.fields, name, &FieldSchema::name);
    return field == watched_.schema.fields.end() ? nullptr : &*field;
  }

  Result<void> add_key(const report::AnswerColumn& column) {
    const FieldSchema* field = find(column.of);
    if (field == nullptr) return add_word(column.of);
    if (std::ranges::find(event_.schema.fields, column.of, &FieldSchema::name) != event_.schema.fields.end())
      return fail(not_so("'" + column.of + "' has more than one column"));
    DTP_TRY(HistogramKey key, key_of(*field, column.show));
    add(std::move(key), {KeyPlace::Of::field, event_.schema.fields.size()});
    event_.schema.fields.push_back(*field);
    return {};
  }

  Result<HistogramKey> key_of(const FieldSchema& field, const report::Show& show) const {
    HistogramKey key{.field = raw_name(field)};
    if (show.is_range()) {
      if (!is_plain_number(field) || field.kind == FieldKind::signed_)
        return fail(not_so("ranges are of numbers without a sign, which '" + field.name + "' is not"));
      const bool is_step = show.as == report::Show::As::steps;
      key.kind = is_step ? HistogramKey::Kind::steps : HistogramKey::Kind::powers;
      key.width = is_step ? show.step : 0;
    } else if (is_text(field)) {
      key.kind = HistogramKey::Kind::text;
    } else if (!is_number(field)) {
      return fail(not_so("'" + field.name + "' is neither a number nor a plain string"));
    }
    return key;
  }

  Result<void> add_word(const std::string& word) {
    if (word == "event") return {};
    if (word == "pid" || word == "tid") {
      add({.field = "common_pid"}, {KeyPlace::Of::thread});
    } else if (word == "cpu") {
      add({.field = "common_cpu"}, {KeyPlace::Of::cpu});
    } else if (const FieldSchema* comm = find(comm_field); word == "comm" && comm != nullptr) {
      add({std::string(comm_field), HistogramKey::Kind::text}, {KeyPlace::Of::comm});
    } else {
      return fail(not_so("'" + word + "' is not in the event"));
    }
    return {};
  }

  Result<void> add_sum(const std::string& name) {
    const FieldSchema* field = find(name);
    if (field == nullptr || !is_plain_number(*field)) return fail(not_so("'" + name + "' is not a plain number"));
    const std::string raw = raw_name(*field);
    std::vector<std::string>& sums = event_.histogram.sums;
    const auto same = std::ranges::find(sums, raw);
    event_.sum_of.back() = static_cast<std::size_t>(same - sums.begin());
    if (same != sums.end()) return {};
    sums.push_back(raw);
    event_.is_signed.push_back(field->kind == FieldKind::signed_);
    return {};
  }

  const report::Answer& answer_;
  const WatchedEvent& watched_;
  const record::EventSchema& raw_;
  std::vector<std::pair<HistogramKey, KeyPlace>> keys_ = {};
  CountedEvent event_ = {};
};

// The idle threads have one name in records.
std::string comm_of(const std::string& comm) {
  constexpr std::string_view idle = "swapper/";
  const bool is_idle = comm.starts_with(idle) && comm.find_first_not_of("0123456789", idle.size()) == std::string::npos;
  return is_idle ? "swapper" : comm;
}

// The raw record of a hit that would be counted in an entry.
class RawRecord {
 public:
  explicit RawRecord(const record::EventSchema& schema) {
    std::size_t size = 0;
    for (const FieldSchema& field : schema.fields)
      size = std::max(size, static_cast<std::size_t>(field.offset) + static_cast<std::size_t>(field.size));
    bytes_.resize(size);
  }

  void put(const FieldSchema& field, std::uint64_t number) {
    std::memcpy(bytes_.data() + field.offset, &number, static_cast<std::size_t>(field.size));
  }

  void put(const FieldSchema& field, const std::string& text) {
    const auto at = static_cast<std::size_t>(field.offset);
    if (!field.dynamic) {
      std::memcpy(bytes_.data() + at, text.data(), std::min(text.size(), static_cast<std::size_t>(field.size)));
      return;
    }
    const auto locator = static_cast<std::uint32_t>(bytes_.size() | (text.size() + 1) << 16);
    std::memcpy(bytes_.data() + at, &locator, sizeof locator);
    const auto* begin = reinterpret_cast<const std::byte*>(text.c_str());
    bytes_.insert(bytes_.end(), begin, begin + text.size() + 1);
  }

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_ = {};
};

record::Record record_of(const CountedEvent& event, const kernel::HistogramEntry& entry, kernel::Processes& processes) {
  record::Record record;
  RawRecord raw(event.schema);
  for (std::size_t i = 0; i < event.places.size(); ++i) {
    const KeyPlace place = event.places[i];
    if (const auto* text = std::get_if<std::string>(&entry.keys[i])) {
      if (place.of == KeyPlace::Of::comm)
        record.comm = comm_of(*text);
      else
        raw.put(event.schema.fields[place.field], *text);
      continue;
    }
    const std::uint64_t number = std::get<std::uint64_t>(entry.keys[i]);
    switch (place.of) {
      case KeyPlace::Of::thread:
        record.tid = static_cast<std::uint32_t>(number);
        record.pid = processes.of(record.tid);
        break;
      case KeyPlace::Of::cpu: record.cpu = static_cast<std::uint32_t>(number); break;
      case KeyPlace::Of::field: raw.put(event.schema.fields[place.field], number); break;
      case KeyPlace::Of::comm: break;
    }
  }
  record::decode_raw(event.schema, raw.bytes(), record);
  return record;
}

bool has_field(const Compilation& compilation, std::string_view name) {
  return std::ranges::all_of(compilation.events, [&](const Compiled& compiled) {
    return std::ranges::find(compiled.plan.points.front().fields, name, &path::Field::name) !=
           compiled.plan.points.front().fields.end();
  });
}

bool is_key(const report::Answer& answer, std::string_view name) {
  return std::ranges::any_of(answer.columns, [&](const report::AnswerColumn& column) {
    return column.aggregate == Aggregate::none && column.of == name;
  });
}

Result<CountedSetup> set_up(kernel::TraceFs& tracefs, const recipe::Recipe& recipe, const recipe::Settings& settings,
                            const FilledAttempt& attempt, const std::string& group, const Meanings& meanings) {
  if (attempt.attempt->hz != 0) return fail({.what = "samples of a clock are no hits"});
  CountedSetup setup{.compilation = std::make_unique<Compilation>()};
  DTP_TRY(*setup.compilation, compile(attempt.target, {attempt.probe}, group));
  if (is_key(recipe.answer, "comm") && !has_field(*setup.compilation, "comm")) {
    const std::string with_comm = fmt::format("{} {}=$comm:string", attempt.probe, comm_field);
    DTP_TRY(*setup.compilation, compile(attempt.target, {with_comm}, group));
  }
  // What is wrong is told by the stream, if it is wrong there, too.
  const Common silent{.quiet = true};
  DTP_TRY(setup.armed, arm(tracefs, *setup.compilation, attempt.target, silent));
  DTP_TRY(setup.watched, watch(tracefs, setup.armed, settings.fill_filter(recipe.probes.front().filter)));
  if (std::ranges::any_of(setup.watched, [](const WatchedEvent& event) { return !event.members.empty(); }))
    return fail({.what = "many functions share an event of the kernel"});
  setup.answer = fill_answer(recipe.answer, settings, setup.watched, meanings);
  DTP_TRY(setup.events, counted_events(setup.answer, setup.watched));
  return setup;
}

// What an answer is made with.
struct Question {
  const recipe::Recipe& recipe;
  const recipe::Settings& settings;
  const AnswerOptions& options;
  const Common& common;
};

class Counting {
 public:
  Counting(const CountedSetup& setup, const AnswerOptions& options, const kernel::Histograms& histograms)
      : answer_(setup.answer),
        options_(options),
        events_(setup.events),
        histograms_(histograms),
        rows_(values_of(setup.answer)) {
    for (const record::Task& task : record::running_tasks()) (void)processes_.of(task.tid);
    processes_.end_round();
  }

  Result<void> records(std::span<const std::byte> records) {
    processes_.watch(records);
    return {};
  }

  Result<void> round() {
    processes_.end_round();
    if (options_.every_ms == 0) return {};
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < std::chrono::milliseconds(options_.every_ms)) return {};
    shown_ = now;
    DTP_CHECK(show());
    output_.buffer() += '\n';
    return output_.flush();
  }

  Result<void> show() {
    report::AnswerTable table(answer_);
    hits_ = dropped_ = 0;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      DTP_TRY(const kernel::Histogram histogram, histograms_.read(i));
      hits_ += histogram.hits;
      dropped_ += histogram.dropped;
      add_histogram(table, answer_, rows_, events_[i], histogram, processes_);
    }
    table.add_ungrouped(dropped_);
    return table.write(output_, options_.format);
  }

  bool reader_left() const { return output_.reader_left(); }
  std::uint64_t hits() const { return hits_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  const report::Answer& answer_;
  const AnswerOptions& options_;
  const std::vector<CountedEvent>& events_;
  const kernel::Histograms& histograms_;
  report::RowMaker rows_;
  report::Output output_{STDOUT_FILENO};
  kernel::Processes processes_ = {};
  std::uint64_t hits_ = 0;
  std::uint64_t dropped_ = 0;
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
};

std::vector<kernel::EventName> names_of(const std::vector<CountedEvent>& events) {
  std::vector<kernel::EventName> names;
  for (const CountedEvent& event : events) names.push_back(event.histogram.name);
  return names;
}

// On the whole machine; of uprobes, event probes and tracepoints the kernel does not tell.
std::uint64_t missed_by(const std::vector<kernel::Profile>& profiles) {
  std::uint64_t missed = 0;
  for (const kernel::Profile& profile : profiles) missed += profile.missed;
  return missed;
}

void print_counted(const Counting& counting, const kernel::Ending& ending, std::uint64_t missed, const Common& common) {
  if (common.quiet && missed + counting.dropped() == 0) return;
  std::string losses = describe_losses({.missed = missed});
  if (counting.dropped() > 0) losses += fmt::format(", {} had no room in the table", counting.dropped());
  fmt::print(stderr, "{} hit{} counted by the kernel in {:.1f} s, {}\n", counting.hits(),
             counting.hits() == 1 ? "" : "s", ending.seconds, losses);
}

void print_triggers(const std::vector<kernel::HistogramEvent>& events) {
  fmt::print(stderr, "counted in the kernel:\n");
  for (const kernel::HistogramEvent& event : events)
    fmt::print(stderr, "  {} of {}{}{}\n", kernel::trigger_of(event), kernel::spell(event.name),
               event.filter.empty() ? "" : " if ", event.filter);
}

// Waits for the end, with the histograms of `setup` in the kernel.
Result<int> run(kernel::TraceFs& tracefs, kernel::Capture& capture, const CountedSetup& setup,
                kernel::Histograms& histograms, const Question& question) {
  const std::vector<kernel::EventName> names = names_of(setup.events);
  const std::uint64_t missed_before = missed_by(kernel::read_profiles(tracefs, names));
  Counting counting(setup, question.options, histograms);
  if (question.options.announce)
    fmt::print(stderr, "{}: {}  ^C ends it\n", question.recipe.name, question.recipe.question);
  DTP_CHECK(histograms.start());
  const kernel::Sink sink{
      .records = [&](std::span<const std::byte> records, unsigned) { return counting.records(records); },
      .round = [&] { return counting.round(); }};
  const auto ending = capture.run(sink);
  const Result<void> stopped = histograms.stop();
  if (counting.reader_left()) return 0;
  if (!ending) return std::unexpected(ending.error());
  DTP_CHECK(stopped);
  const std::uint64_t missed = missed_by(kernel::read_profiles(tracefs, names)) - missed_before;
  if (const auto shown = counting.show(); !shown) {
    if (counting.reader_left()) return 0;
    return std::unexpected(shown.error());
  }
  print_counted(counting, *ending, missed, question.common);
  return exit_status(*ending);
}

}  // namespace

Result<std::vector<CountedEvent>> counted_events(const report::Answer& answer,
                                                 const std::vector<WatchedEvent>& watched) {
  std::vector<CountedEvent> events;
  for (const WatchedEvent& event : watched) {
    DTP_TRY(const record::EventSchema raw, record::parse_format(event.format, event.name.group));
    DTP_TRY(CountedEvent counted, Binder(answer, event, raw).bind());
    events.push_back(std::move(counted));
  }
  return events;
}

Result<CountedSetup> set_up_counting(kernel::TraceFs& tracefs, const recipe::Recipe& recipe,
                                     const recipe::Settings& settings, const TargetOptions& base,
                                     const std::string& group, const Meanings& meanings) {
  const recipe::Probe& probe = recipe.probes.front();
  Error last{.what = "nothing of it is for this machine", .status = Status::not_possible};
  for (const FilledAttempt& attempt : fill_attempts(probe, settings, base)) {
    if (attempt.why_not) continue;
    auto setup = set_up(tracefs, recipe, settings, attempt, group, meanings);
    if (setup) return setup;
    last = std::move(setup.error());
  }
  return fail(std::move(last));
}

void add_histogram(report::AnswerTable& table, const report::Answer& answer, report::RowMaker& rows,
                   const CountedEvent& event, const kernel::Histogram& histogram, kernel::Processes& processes) {
  for (const kernel::HistogramEntry& entry : histogram.entries) {
    const record::Record record = record_of(event, entry, processes);
    std::vector<report::Wide> sums(answer.columns.size());
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (answer.columns[i].aggregate == Aggregate::none || answer.columns[i].of.empty()) continue;
      const std::uint64_t sum = entry.sums[event.sum_of[i]];
      sums[i] = event.is_signed[event.sum_of[i]] ? report::Wide{static_cast<std::int64_t>(sum)} : report::Wide{sum};
    }
    table.add_counted(rows.make(record), entry.hits, sums);
  }
}

std::string why_not_counted(const recipe::Recipe& recipe, const recipe::Settings& settings,
                            const AnswerOptions& options) {
  const report::Answer& answer = recipe.answer;
  if (options.from_stream) return "so it was asked for";
  if (recipe.pairing) return "it is of pairs of records";
  if (recipe.run) return "it is of runs";
  if (recipe.probes.size() != 1) return "it is of several probes";
  if (recipe.with_stacks) return "it has stacks";
  if (!answer.histogram.empty()) return "it has a histogram beside the table";
  if (!settings.fill_where(answer.where).empty()) return "it leaves out rows by a condition";
  for (const report::AnswerColumn& column : answer.columns) {
    const bool is_counted = column.aggregate == Aggregate::none || column.aggregate == Aggregate::count ||
                            column.aggregate == Aggregate::sum || column.aggregate == Aggregate::mean;
    if (!is_counted) return "it has more than counts, sums and means";
    if (!column.length.empty()) return "a text of it has a length";
    const std::string of = settings.fill(column.of);
    const auto formula = report::Formula::parse(of, "value");
    if (!of.empty() && (!formula || formula->names() != std::vector{of})) return "'" + of + "' is computed";
  }
  if (!options.watched.cgroup.empty()) return "it is of a control group";
  if (!options.watched.cpus.empty()) return "it is of some CPUs only";
  return "";
}

Result<CountedAnswer> count_in_kernel(kernel::TraceFs& tracefs, const recipe::Recipe& recipe,
                                      const recipe::Settings& settings, const AnswerOptions& options,
                                      const Common& common, kernel::StopSignals& signals) {
  if (!kernel::Histograms::are_there(tracefs)) return CountedAnswer{.why_not = "this kernel has no histograms"};
  const Question question{recipe, settings, options, common};
  const Meanings meanings;
  DTP_TRY(const kernel::Owner owner, kernel::this_process());
  auto setup = set_up_counting(tracefs, recipe, settings, options.target, kernel::group_of(owner), meanings);
  if (!setup) return CountedAnswer{.why_not = setup.error().what};
  std::optional<Result<int>> status;
  {
    // Only the names of tasks are recorded.
    DTP_TRY(auto capture,
            kernel::Capture::open(tracefs, {}, options.watched, {.duration_ms = options.duration_ms}, signals));
    DTP_TRY(std::vector<pid_t> tasks, kernel::choose_tasks(options.watched, capture.command_pid()));
    if (tasks.front() == kernel::every_task) tasks.clear();
    std::vector<kernel::HistogramEvent> wanted;
    for (CountedEvent& event : setup->events) {
      if (!tasks.empty() && tasks.front() == capture.command_pid())
        event.histogram.filter = kernel::after_exec(event.histogram.filter, tasks.front());
      wanted.push_back(event.histogram);
    }
    auto histograms = kernel::Histograms::create(tracefs, wanted, tasks);
    if (!histograms) return CountedAnswer{.why_not = histograms.error().what};
    if (common.verbose) print_triggers(wanted);
    status = run(tracefs, capture, *setup, *histograms, question);
  }
  // Their events are free again.
  DTP_CHECK(disarm(setup->armed));
  if (!*status) return std::unexpected(status->error());
  return CountedAnswer{.status = **status};
}

}  // namespace dtp::cmd
