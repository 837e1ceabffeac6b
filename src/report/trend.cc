#include "report/trend.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/escape.h"
#include "report/text_table.h"

namespace dtp::report {
namespace {

constexpr std::size_t most_columns = 60;
constexpr std::size_t bar_height = 5;

std::string text_of(Wide number, const Show& show) {
  return cell_text({{static_cast<std::uint64_t>(std::max<Wide>(number, 0))}}, show);
}

std::string time_text(const Trend& trend, std::size_t step, const Show& clock) {
  const std::string text = text_of(Wide{trend.begin_ns()} + Wide{step} * trend.step_ns(), clock);
  return text.substr(0, text.find('.'));
}

// The first step of a column of text.
std::size_t first_step(const Trend& trend, std::size_t column, std::size_t columns) {
  return column * trend.steps() / columns;
}

std::vector<Wide> columns_of(const Trend& trend, std::size_t number, std::size_t columns) {
  const std::vector<Wide>& highest = trend.highest(number);
  std::vector<Wide> of_columns;
  for (std::size_t i = 0; i < columns; ++i)
    of_columns.push_back(
        *std::max_element(highest.begin() + static_cast<std::ptrdiff_t>(first_step(trend, i, columns)),
                          highest.begin() + static_cast<std::ptrdiff_t>(first_step(trend, i + 1, columns))));
  return of_columns;
}

Result<void> write_bars(Output& output, const std::vector<Wide>& numbers, const Show& show, std::size_t label_width) {
  const Wide top = std::max<Wide>(*std::ranges::max_element(numbers), 1);
  for (std::size_t row = bar_height; row > 0; --row) {
    std::string bars;
    // Whatever is more than nothing is seen.
    for (const Wide number : numbers) bars += number * Wide{bar_height} > Wide{row - 1} * top ? '@' : ' ';
    const std::string label = row == bar_height ? text_of(top, show) : row == 1 ? "0" : "";
    bars.erase(bars.find_last_not_of(' ') + 1);
    DTP_CHECK(write_line(output, fmt::format("  {:>{}} |{}", label, label_width, bars)));
  }
  return {};
}

}  // namespace

std::size_t Trend::step_of(std::uint64_t time_ns) const {
  return static_cast<std::size_t>((std::max(time_ns, begin_ns_) - begin_ns_) / step_ns_);
}

void Trend::double_step() {
  const auto halve = [](auto& values, auto both) {
    for (std::size_t i = 0; i < values.size(); i += 2)
      values[i / 2] = i + 1 < values.size() ? both(values[i], values[i + 1]) : values[i];
    values.resize((values.size() + 1) / 2);
  };
  for (std::vector<Wide>& highest : highest_)
    halve(highest, [](const Wide left, const Wide right) { return std::max(left, right); });
  halve(marks_, [](const bool left, const bool right) { return left || right; });
  step_ns_ *= 2;
  steps_ = marks_.size();
}

void Trend::add(std::uint64_t time_ns, std::span<const Wide> numbers) {
  if (steps_ == 0) begin_ns_ = time_ns;
  while (step_of(time_ns) >= most_steps) double_step();
  const std::size_t step = step_of(time_ns);
  const bool is_new = step >= steps_;
  steps_ = std::max(steps_, step + 1);
  marks_.resize(steps_);
  for (std::size_t i = 0; i < highest_.size(); ++i) {
    std::vector<Wide>& highest = highest_[i];
    highest.resize(steps_, highest.empty() ? numbers[i] : highest.back());
    highest[step] = is_new ? numbers[i] : std::max(highest[step], numbers[i]);
  }
}

void Trend::mark(std::uint64_t time_ns) {
  if (const std::size_t step = step_of(time_ns); step < steps_) marks_[step] = true;
}

Result<void> write_trend(Output& output, const Trend& trend, const std::vector<TrendLine>& lines, const Show& clock) {
  if (trend.steps() == 0) return {};
  const std::size_t columns = std::min(trend.steps(), most_columns);
  std::size_t label_width = 1;
  std::vector<std::vector<Wide>> numbers;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    numbers.push_back(columns_of(trend, i, columns));
    label_width = std::max(label_width, text_of(*std::ranges::max_element(numbers.back()), lines[i].show).size());
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    DTP_CHECK(write_line(output, "# " + base::escape(lines[i].title)));
    DTP_CHECK(write_bars(output, numbers[i], lines[i].show, label_width));
  }
  std::string marks;
  for (std::size_t i = 0; i < columns; ++i) {
    const auto begin = trend.marks().begin() + static_cast<std::ptrdiff_t>(first_step(trend, i, columns));
    const auto end = trend.marks().begin() + static_cast<std::ptrdiff_t>(first_step(trend, i + 1, columns));
    marks += std::find(begin, end, true) != end ? '^' : ' ';
  }
  marks.erase(marks.find_last_not_of(' ') + 1);
  const std::string margin(label_width + 4, ' ');
  if (!marks.empty()) DTP_CHECK(write_line(output, margin + marks));
  const std::string first = time_text(trend, 0, clock);
  const std::string last = time_text(trend, trend.steps(), clock);
  const std::size_t room = columns > first.size() + last.size() ? columns - first.size() - last.size() : 2;
  return write_line(output, margin + first + std::string(room, ' ') + last);
}

}  // namespace dtp::report
