#include "cmd/polling.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "cmd/meanings.h"
#include "cmd/write_file.h"
#include "kernel/signals.h"
#include "kernel/tasks.h"
#include "kernel/ticks.h"
#include "record/load.h"
#include "report/load_rows.h"
#include "report/trend.h"

namespace dtp::cmd {
namespace {

using std::chrono::nanoseconds;

// What the formulas of the recipe are made of.
std::vector<std::string> names_of(const report::Answer& answer, const std::optional<report::Formula>& over) {
  std::vector<std::string> names = values_of(answer);
  if (over) names.insert(names.end(), over->names().begin(), over->names().end());
  return names;
}

report::Show clock_of(const Meanings& meanings) {
  return {.as = report::Show::As::clock, .context = &meanings.context()};
}

class Polling {
 public:
  Polling(const recipe::Recipe& recipe, const recipe::Settings& settings, const AnswerOptions& options,
          std::optional<report::Formula> over)
      : recipe_(recipe),
        options_(options),
        answer_(fill_answer(recipe.answer, settings, {}, meanings_)),
        over_(std::move(over)),
        names_(names_of(answer_, over_)),
        rows_(names_),
        formulas_(answer_),
        period_(std::max<nanoseconds>(time_of(settings.fill(recipe.poll->every)), std::chrono::milliseconds(1))),
        rest_(time_of(settings.fill(recipe.poll->rest))),
        trend_(recipe.plot.size(), static_cast<std::uint64_t>(period_.count())) {
    if (over_) over_->bind(names_);
    for (const std::string& name : recipe.plot) {
      const auto column = std::ranges::find(answer_.columns, name, &report::AnswerColumn::name);
      plotted_.push_back(static_cast<std::size_t>(column - answer_.columns.begin()));
      lines_.push_back({column->title.empty() ? column->name : column->title, column->show});
    }
  }

  Result<int> run(kernel::StopSignals& signals, const Common& common) {
    DTP_TRY(const std::vector<unsigned> cpus, kernel::online_cpus());
    // The rest of the budget is for the looks.
    constexpr double part_of_counts = 0.7;
    DTP_TRY(auto meter, record::LoadMeter::open(part_of_counts * options_.budget * static_cast<double>(cpus.size())));
    if (options_.announce) fmt::print(stderr, "{}: {}  ^C ends it\n", recipe_.name, recipe_.question);
    const auto ticked =
        kernel::tick({period_, options_.duration_ms, options_.watched.command}, signals, [&] { return look(meter); });
    const Result<void> ended = ticked ? end() : Result<void>{};
    if (output_.reader_left()) return 0;
    if (!ticked) return std::unexpected(ticked.error());
    DTP_CHECK(ended);
    if (!common.quiet) print_polled(*ticked, meter.counts());
    return exit_status(ticked->ending);
  }

 private:
  Result<void> look(record::LoadMeter& meter) {
    // The rest of the time is for others, and for being there when the next tick comes.
    DTP_TRY(const record::Load load, meter.look(period_ / 2));
    const report::Row row = rows_.make(load);
    std::vector<report::Wide> numbers;
    for (const std::size_t column : plotted_) {
      numbers.push_back(0);
      report::get_number(formulas_.cell(column, row), numbers.back());
    }
    trend_.add(load.time_ns, numbers);
    const auto time = nanoseconds(load.time_ns);
    if (over_ && over_->is_true(row) && (!captured_ || time - *captured_ >= rest_)) {
      captured_ = time;
      trend_.mark(load.time_ns);
      DTP_CHECK(capture(load));
    }
    if (options_.every_ms == 0 || time - shown_ < std::chrono::milliseconds(options_.every_ms)) return {};
    shown_ = time;
    return write_trend();
  }

  // Those that run or are blocked now: a table of its own.
  Result<void> capture(const record::Load& load) {
    report::AnswerTable table(answer_);
    record::ProcessTree processes;
    record::each_thread([&](const record::Thread& thread) {
      const bool is_busy = thread.stat.state == 'R' || thread.stat.state == 'D';
      if (!is_busy || thread.pid == ::getpid()) return;
      processes.see_family(static_cast<std::uint32_t>(thread.pid));
      table.add(rows_.make(load, record::read_busy_thread(thread), processes));
    });
    ++captures_;
    DTP_CHECK(table.write(output_, options_.format));
    if (options_.format != report::AnswerFormat::json) output_.buffer() += '\n';
    return output_.flush();
  }

  Result<void> write_trend() {
    DTP_CHECK(options_.format == report::AnswerFormat::text
                  ? report::write_trend(output_, trend_, lines_, clock_of(meanings_))
                  : write_steps());
    return output_.flush();
  }

  // For programs: a row for each step of the trend.
  Result<void> write_steps() {
    report::Answer steps{.columns = {{.name = "time", .of = "time", .show = clock_of(meanings_)}}};
    for (const std::size_t column : plotted_)
      steps.columns.push_back({.name = answer_.columns[column].name,
                               .of = answer_.columns[column].name,
                               .show = answer_.columns[column].show});
    report::AnswerLines rows(output_, steps, options_.format);
    DTP_CHECK(rows.begin());
    for (std::size_t step = 0; step < trend_.steps(); ++step) {
      report::Row row(1 + plotted_.size());
      row.front().value.of = trend_.begin_ns() + step * trend_.step_ns();
      for (std::size_t i = 0; i < plotted_.size(); ++i)
        row[i + 1].value.of = static_cast<std::uint64_t>(trend_.highest(i)[step]);
      DTP_CHECK(rows.add(row));
    }
    return {};
  }

  Result<void> end() {
    DTP_CHECK(write_trend());
    if (options_.plot.empty()) return {};
    return write_file(options_.plot, [&](report::Output& output) {
      return report::write_trend_svg(output, trend_, lines_, clock_of(meanings_), recipe_.question);
    });
  }

  void print_polled(const kernel::Ticked& ticked, const record::CountTimes& counts) const {
    std::string text =
        fmt::format("{} looks in {:.1f} s, {} too late", ticked.ticks, ticked.ending.seconds, ticked.left_out);
    if (counts.times > 0)
      text += fmt::format("; all threads counted {} times, every {:.3g} s at most", counts.times,
                          std::chrono::duration<double>(counts.longest).count());
    fmt::print(stderr, "{}; {} time{} over the limit\n", text, captures_, captures_ == 1 ? "" : "s");
  }

  const recipe::Recipe& recipe_;
  const AnswerOptions& options_;
  Meanings meanings_ = {};
  report::Answer answer_;
  std::optional<report::Formula> over_;
  std::vector<std::string> names_;
  report::LoadRows rows_;
  report::AnswerFormulas formulas_;
  nanoseconds period_;
  nanoseconds rest_;
  report::Trend trend_;
  std::vector<std::size_t> plotted_ = {};  // columns of the answer
  std::vector<report::TrendLine> lines_ = {};
  report::Output output_{STDOUT_FILENO};
  std::optional<nanoseconds> captured_ = {};  // when it was last
  nanoseconds shown_ = std::chrono::steady_clock::now().time_since_epoch();
  std::uint64_t captures_ = 0;
};

}  // namespace

Result<int> answer_polled(const recipe::Recipe& recipe, const recipe::Settings& settings, const AnswerOptions& options,
                          const Common& common) {
  std::optional<report::Formula> over;
  if (const std::string text = settings.fill_any(recipe.poll->over); !text.empty()) {
    DTP_TRY(over, report::Formula::parse(text, "over"));
  }
  DTP_TRY(auto signals, kernel::StopSignals::block());
  return Polling(recipe, settings, options, std::move(over)).run(signals, common);
}

}  // namespace dtp::cmd
