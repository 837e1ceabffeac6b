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

#include "base/escape.h"
#include "report/text_table.h"

namespace dtp::report {
namespace {

constexpr std::array<double, 3> percents{50, 90, 99};
constexpr std::array<std::string_view, 8> headings{"Count", "Sum", "Mean", "Min", "p50", "p90", "p99", "Max"};

TextRow row_of(const std::vector<std::string>& keys, const Distribution& values, Unit unit) {
  TextRow row = keys;
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
    TextRow names;
    for (const Key& key : numbers_.keys) names.push_back(base::escape(key.name));
    names.insert(names.end(), headings.begin(), headings.end());
    std::vector<TextRow> rows;
    for (const NumberGroup& group : event.groups) rows.push_back(row_of(group.keys, group.values, numbers_.unit));
    if (numbers_.keys.empty()) rows.push_back(row_of({}, event.all, numbers_.unit));
    std::vector<bool> is_number(names.size(), true);
    std::fill_n(is_number.begin(), numbers_.keys.size(), false);
    DTP_CHECK(line("#"));
    DTP_CHECK(report::write_table(output_, names, rows, is_number));
    if (event.ungrouped == 0) return {};
    return line(fmt::format("# {} numbers of further groups: there is room for {}", event.ungrouped, most_groups));
  }

  Result<void> write_histograms(const EventNumbers& event) {
    if (histograms_ == Histograms::none) return {};
    if (histograms_ == Histograms::all || event.groups.empty()) return write_histogram("", event.all);
    for (const NumberGroup& group : event.groups)
      DTP_CHECK(write_histogram(fmt::format("# {}", fmt::join(group.keys, ", ")), group.values));
    return {};
  }

  Result<void> write_histogram(const std::string& title, const Distribution& values) {
    DTP_CHECK(line(""));
    if (!title.empty()) DTP_CHECK(line(title));
    return report::write_histogram(output_, values, numbers_.unit);
  }

  Result<void> line(std::string_view text) { return write_line(output_, text); }

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
