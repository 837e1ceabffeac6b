// How numbers moved, in few enough steps for a drawing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/output.h"
#include "report/show.h"

namespace dtp::report {

class Trend {
 public:
  static constexpr std::size_t most_steps = 600;

  // So many numbers, which come about every `step_ns`.
  Trend(std::size_t numbers, std::uint64_t step_ns) : highest_(numbers), step_ns_(step_ns) {}

  // Times do not go back. What is not there has been as it was before.
  void add(std::uint64_t time_ns, std::span<const Wide> numbers);
  // Something happened then.
  void mark(std::uint64_t time_ns);

  std::size_t steps() const { return steps_; }
  std::uint64_t step_ns() const { return step_ns_; }
  std::uint64_t begin_ns() const { return begin_ns_; }
  // Of a number: the highest in each step.
  const std::vector<Wide>& highest(std::size_t number) const { return highest_[number]; }
  const std::vector<bool>& marks() const { return marks_; }

 private:
  void double_step();
  std::size_t step_of(std::uint64_t time_ns) const;

  std::vector<std::vector<Wide>> highest_;
  std::vector<bool> marks_ = {};
  std::uint64_t begin_ns_ = 0;
  std::uint64_t step_ns_;
  std::size_t steps_ = 0;
};

// What one of its numbers is.
struct TrendLine {
  std::string title = {};
  Show show = {};
};

// Bars below the title of each number; marks are '^' below them. `clock` shows times.
Result<void> write_trend(Output& output, const Trend& trend, const std::vector<TrendLine>& lines, const Show& clock);
// The same, as an SVG file that needs nothing else.
Result<void> write_trend_svg(Output& output, const Trend& trend, const std::vector<TrendLine>& lines, const Show& clock,
                             std::string_view title);

}  // namespace dtp::report
