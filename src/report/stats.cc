// The shape of the tables of report, and of a histogram:
//
//   # count of 'probe:vfs_read': 120 numbers
//   #
//   # comm  Count    Sum    Mean  Min   p50   p90   p99   Max
//   # ....  .....  .....  ......  ...  ....  ....  ....  ....
//   #
//     cat     117  14976     128  ...
//
//     64..127   3  |@@@                                     |
//
// Times are nanoseconds; they are shown with three digits, in the unit that suits each.
#include "report/stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/escape.h"

namespace dtp::report {
namespace {

constexpr std::array<double, 3> percents{50, 90, 99};
constexpr std::array<std::string_view, 8> headings{"Count", "Sum", "Mean", "Min", "p50", "p90", "p99", "Max"};

std::string duration_text(double nanoseconds) {
  struct Scale {
    double size;
    std::string_view name;
  };
  constexpr std::array<Scale, 4> scales{{{1, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}}};
  std::size_t at = 0;
  // What would be rounded to 1000 is 1 of the next unit.
  while (at + 1 < scales.size() && std::abs(nanoseconds) >= 999.5 * scales[at].size) ++at;
  const double number = nanoseconds / scales[at].size;
  const double magnitude = std::abs(number);
  const int decimals = at == 0 || magnitude >= 99.95 ? 0 : (magnitude >= 9.995 ? 1 : 2);
  return fmt::format("{:.{}f} {}", number, decimals, scales[at].name);
}

std::string number_text(Wide number, Unit unit) {
  return unit == Unit::nanoseconds ? duration_text(static_cast<double>(number)) : fmt::format("{}", number);
}

std::string mean_text(double mean, Unit unit) {
  if (unit == Unit::nanoseconds) return duration_text(mean);
  std::string text = fmt::format("{:.2f}", mean);
  if (text.ends_with(".00")) text.resize(text.size() - 3);
  return text;
}

// In columns of the terminal, of text that is valid UTF-8.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

using Row = std::vector<std::string>;

Row row_of(const std::vector<std::string>& keys, const Distribution& values, Unit unit) {
  Row row = keys;
  row.push_back(fmt::format("{}", values.count()));
  row.push_back(number_text(values.sum(), unit));
  row.push_back(mean_text(values.mean(), unit));
  row.push_back(number_text(values.min(), unit));
  for (const double percent : percents) row.push_back(number_text(values.percentile(percent), unit));
  row.push_back(number_text(values.max(), unit));
  return row;
}

class Stats {
 public:
  Stats(Output& output, const Numbers& numbers, Histograms histograms)
      : output_(output), numbers_(numbers), histograms_(histograms) {}

  Result<void> write() {
    if (numbers_.events.empty()) DTP_CHECK(line(fmt::format("# {}: 0 numbers", base::escape(numbers_.name))));
    for (const EventNumbers& event : numbers_.events) {
      if (&event != &numbers_.events.front()) DTP_CHECK(line(""));
      DTP_CHECK(write_head(event));
      if (event.all.count() == 0) continue;
      DTP_CHECK(write_table(event));
      DTP_CHECK(write_histograms(event));
    }
    return output_.flush();
  }

 private:
  Result<void> write_head(const EventNumbers& event) {
    std::string head = fmt::format("# {} of '{}': {} number{}", base::escape(numbers_.name), event.event,
                                   event.all.count(), event.all.count() == 1 ? "" : "s");
    if (event.unreadable > 0) head += fmt::format(", and {} could not be read", event.unreadable);
    return line(head);
  }

  Result<void> write_table(const EventNumbers& event) {
    Row names;
    for (const Key& key : numbers_.keys) names.push_back(base::escape(key.name));
    names.insert(names.end(), headings.begin(), headings.end());
    std::vector<Row> rows;
    for (const NumberGroup& group : event.groups) rows.push_back(row_of(group.keys, group.values, numbers_.unit));
    if (numbers_.keys.empty()) rows.push_back(row_of({}, event.all, numbers_.unit));
    std::vector<std::size_t> widths;
    for (const std::string& name : names) widths.push_back(width_of(name));
    for (const Row& row : rows)
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    Row dots;
    for (const std::size_t width : widths) dots.emplace_back(width, '.');
    DTP_CHECK(line("#"));
    DTP_CHECK(write_row("#", names, widths));
    DTP_CHECK(write_row("#", dots, widths));
    DTP_CHECK(line("#"));
    for (const Row& row : rows) DTP_CHECK(write_row(" ", row, widths));
    if (event.ungrouped == 0) return {};
    return line(fmt::format("# {} numbers of further groups: there is room for {}", event.ungrouped, most_groups));
  }

  // Keys to the left, numbers to the right.
  Result<void> write_row(std::string_view margin, const Row& row, const std::vector<std::size_t>& widths) {
    std::string text(margin);
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - width_of(row[i]), ' ');
      text += i == 0 ? " " : "  ";
      text += i < numbers_.keys.size() ? row[i] + blanks : blanks + row[i];
    }
    return line(text);
  }

  Result<void> write_histograms(const EventNumbers& event) {
    if (histograms_ == Histograms::none) return {};
    if (histograms_ == Histograms::all || event.groups.empty()) return write_histogram("", event.all);
    for (const NumberGroup& group : event.groups)
      DTP_CHECK(write_histogram(fmt::format("# {}", fmt::join(group.keys, ", ")), group.values));
    return {};
  }

  Result<void> write_histogram(const std::string& title, const Distribution& values) {
    constexpr std::size_t bar_width = 40;
    const std::vector<Distribution::Range> ranges = values.ranges();
    std::uint64_t most = 1;
    std::vector<std::string> labels;
    std::size_t label_width = 0;
    for (const Distribution::Range& range : ranges) {
      most = std::max(most, range.count);
      labels.push_back(range_text(range));
      label_width = std::max(label_width, labels.back().size());
    }
    const std::size_t count_width = fmt::format("{}", most).size();
    DTP_CHECK(line(""));
    if (!title.empty()) DTP_CHECK(line(title));
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      const double share = static_cast<double>(ranges[i].count) / static_cast<double>(most);
      const auto bar = static_cast<std::size_t>(std::ceil(share * bar_width));
      DTP_CHECK(line(fmt::format("  {:>{}}  {:>{}}  |{:<{}}|", labels[i], label_width, ranges[i].count, count_width,
                                 std::string(bar, '@'), bar_width)));
    }
    return {};
  }

  std::string range_text(const Distribution::Range& range) const {
    if (numbers_.unit == Unit::nanoseconds)
      return fmt::format("{} .. {}", number_text(range.first, numbers_.unit), number_text(range.last, numbers_.unit));
    if (range.first == range.last) return fmt::format("{}", range.first);
    return fmt::format("{}..{}", range.first, range.last);
  }

  Result<void> line(std::string_view text) {
    output_.buffer() += text;
    output_.buffer() += '\n';
    return output_.line_done();
  }

  Output& output_;
  const Numbers& numbers_;
  Histograms histograms_;
};

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += fmt::format(",\"{}\":", name);
  base::append_json_string(out, text);
}

void append_numbers(std::string& out, const Distribution& values) {
  out += fmt::format(",\"count\":{}", values.count());
  if (values.count() > 0) {
    out += fmt::format(",\"sum\":{},\"mean\":{},\"min\":{}", values.sum(), values.mean(), values.min());
    for (const double percent : percents) out += fmt::format(",\"p{}\":{}", percent, values.percentile(percent));
    out += fmt::format(",\"max\":{}", values.max());
  }
  out += ",\"histogram\":[";
  for (const Distribution::Range& range : values.ranges()) {
    if (out.back() != '[') out += ',';
    out += fmt::format("{{\"first\":{},\"last\":{},\"count\":{}}}", range.first, range.last, range.count);
  }
  out += ']';
}

std::string json_head(const Numbers& numbers, const EventNumbers& event) {
  std::string out = "{\"stats\":1";
  append_member(out, "event", event.event);
  append_member(out, "of", numbers.name);
  if (numbers.unit == Unit::nanoseconds) append_member(out, "unit", "ns");
  return out;
}

}  // namespace

Result<void> write_stats(Output& output, const Numbers& numbers, Histograms histograms) {
  return Stats(output, numbers, histograms).write();
}

Result<void> write_stats_json(Output& output, const Numbers& numbers) {
  std::string& out = output.buffer();
  for (const EventNumbers& event : numbers.events) {
    out += json_head(numbers, event);
    append_numbers(out, event.all);
    if (event.unreadable > 0) out += fmt::format(",\"unreadable\":{}", event.unreadable);
    if (event.ungrouped > 0) out += fmt::format(",\"ungrouped\":{}", event.ungrouped);
    if (numbers.unit == Unit::nanoseconds)
      out += fmt::format(",\"open_calls\":{},\"lone_returns\":{}", numbers.open_calls, numbers.lone_returns);
    out += "}\n";
    for (const NumberGroup& group : event.groups) {
      out += json_head(numbers, event) + ",\"keys\":{";
      for (std::size_t i = 0; i < group.keys.size(); ++i) {
        if (i > 0) out += ',';
        base::append_json_string(out, numbers.keys[i].name);
        out += ':';
        base::append_json_string(out, group.keys[i]);
      }
      out += '}';
      append_numbers(out, group.values);
      out += "}\n";
      DTP_CHECK(output.line_done());
    }
  }
  return output.flush();
}

}  // namespace dtp::report
