#include "report/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace dtp::report {
namespace {

std::string row_text(std::string_view margin, const TextRow& row, const std::vector<std::size_t>& widths,
                     const std::vector<bool>& is_number) {
  std::string text(margin);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string blanks(widths[i] - width_of(row[i]), ' ');
    text += i == 0 ? " " : "  ";
    text += is_number[i] ? blanks + row[i] : row[i] + blanks;
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

Result<void> write_line(Output& output, std::string_view text) {
  output.buffer() += text;
  output.buffer() += '\n';
  return output.line_done();
}

Result<void> write_table(Output& output, const TextRow& names, const std::vector<TextRow>& rows,
                         const std::vector<bool>& is_number, const std::vector<std::vector<std::string>>& below) {
  std::vector<std::size_t> widths;
  for (const std::string& name : names) widths.push_back(width_of(name));
  for (const TextRow& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  TextRow dots;
  for (const std::size_t width : widths) dots.emplace_back(width, '.');
  DTP_CHECK(write_line(output, row_text("#", names, widths, is_number)));
  DTP_CHECK(write_line(output, row_text("#", dots, widths, is_number)));
  DTP_CHECK(write_line(output, "#"));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    DTP_CHECK(write_line(output, row_text(" ", rows[i], widths, is_number)));
    if (i >= below.size()) continue;
    for (const std::string& line : below[i]) DTP_CHECK(write_line(output, line));
  }
  return {};
}

Result<void> write_histogram(Output& output, const Distribution& values, Unit unit) {
  constexpr std::size_t bar_width = 40;
  const std::vector<Distribution::Range> ranges = values.ranges();
  std::uint64_t most = 1;
  std::vector<std::string> labels;
  std::size_t label_width = 0;
  for (const Distribution::Range& range : ranges) {
    most = std::max(most, range.count);
    labels.push_back(range_text(range, unit));
    label_width = std::max(label_width, labels.back().size());
  }
  const std::size_t count_width = fmt::format("{}", most).size();
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const double share = static_cast<double>(ranges[i].count) / static_cast<double>(most);
    const auto bar = static_cast<std::size_t>(std::ceil(share * bar_width));
    DTP_CHECK(write_line(output, fmt::format("  {:>{}}  {:>{}}  |{:<{}}|", labels[i], label_width, ranges[i].count,
                                             count_width, std::string(bar, '@'), bar_width)));
  }
  return {};
}

}  // namespace dtp::report
