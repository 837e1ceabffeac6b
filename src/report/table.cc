#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <compare>
#include <iterator>
#include <utility>
#include <variant>

#include "base/escape.h"
#include "report/csv_cell.h"
#include "report/phases.h"
#include "report/text_table.h"

namespace dtp::report {
namespace {

// None: there is no text. A wrong formula is found before.
std::optional<Formula> formula_of(const std::string& text, const std::vector<std::string>& names) {
  if (text.empty()) return std::nullopt;
  auto formula = Formula::parse(text, "value");
  if (!formula) return std::nullopt;
  formula->bind(names);
  return std::move(*formula);
}

// It is printed below its row, a function or a phase a line.
bool is_below(const AnswerColumn& column) {
  return (column.of == "stack" && column.aggregate == Aggregate::none) || column.show.as == Show::As::phases;
}

std::vector<std::string> lines_below(const AnswerColumn& column, const Cell& cell) {
  if (column.show.as == Show::As::phases) return phase_lines(cell.value);
  std::vector<std::string> lines;
  if (const auto* functions = std::get_if<value::Array>(&cell.value.of))
    for (const value::Value& function : *functions) lines.push_back("        " + cell_text({function}, {}));
  return lines;
}

bool is_percentile(Aggregate aggregate) {
  return aggregate == Aggregate::p50 || aggregate == Aggregate::p90 || aggregate == Aggregate::p99;
}

// It is a text unless it is shown as a number.
bool is_text_of_rows(Aggregate aggregate) {
  return aggregate == Aggregate::none || aggregate == Aggregate::last || aggregate == Aggregate::often;
}

bool is_number(const AnswerColumn& column) {
  if (column.aggregate == Aggregate::computed) return column.show.as != Show::As::names;
  return !is_text_of_rows(column.aggregate) || column.show.is_number();
}

const std::string& title_of(const AnswerColumn& column) { return column.title.empty() ? column.name : column.title; }

Cell cell_of_number(Wide number) {
  if (number < 0) return {{static_cast<std::int64_t>(number)}};
  return {{static_cast<std::uint64_t>(number)}};
}

std::string shown(const AnswerColumn& column, const Cell& cell) {
  Show show = column.show;
  if (column.aggregate == Aggregate::count) show = {};
  return cell_text(cell, show);
}

// One object a line.
void append_json_row(std::string& out, const Answer& answer, const std::vector<Cell>& cells) {
  out += '{';
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += ',';
    base::append_json_string(out, answer.columns[i].name);
    out += ':';
    append_cell_json(out, cells[i], answer.columns[i].aggregate == Aggregate::count ? Show{} : answer.columns[i].show);
  }
  out += "}\n";
}

// Quantities as plain numbers, as in JSON.
std::string csv_text(const AnswerColumn& column, const Cell& cell) {
  if (std::holds_alternative<value::Absent>(cell.value.of)) return "";
  std::string json;
  append_cell_json(json, cell, column.aggregate == Aggregate::count ? Show{} : column.show);
  return json.starts_with('"') ? shown(column, cell) : json;
}

void append_csv_row(std::string& out, const Answer& answer, const std::vector<Cell>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += ',';
    append_csv_cell(out, csv_text(answer.columns[i], cells[i]));
  }
  out += "\r\n";
}

void append_csv_names(std::string& out, const Answer& answer) {
  for (std::size_t i = 0; i < answer.columns.size(); ++i) {
    if (i > 0) out += ',';
    append_csv_cell(out, answer.columns[i].name);
  }
  out += "\r\n";
}

std::size_t line_width(const AnswerColumn& column) {
  if (column.width != 0) return std::max(column.width, title_of(column).size());
  std::size_t width = 8;
  if (column.show.as == Show::As::clock) width = 15;
  if (column.name == "comm") width = 15;
  if (column.name == "cpu") width = 3;
  return std::max(width, title_of(column).size());
}

// What does not fit moves the rest of its line. Stacks and phases stand below: their texts are empty.
void append_line(std::string& out, const Answer& answer, const std::vector<std::string>& texts) {
  const std::size_t begin = out.size();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (is_below(answer.columns[i])) continue;
    if (out.size() > begin) out += "  ";
    const std::size_t width = width_of(texts[i]);
    const std::size_t wanted = line_width(answer.columns[i]);
    const std::string blanks(wanted > width ? wanted - width : 0, ' ');
    const bool is_right = is_number(answer.columns[i]);
    if (is_right) out += blanks;
    out += texts[i];
    if (!is_right) out += blanks;
  }
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
}

// A hostile machine has as many as it likes.
constexpr std::size_t most_texts = 10'000;

void count_text(std::unordered_map<std::string, std::uint64_t>& texts, const std::string& text) {
  if (texts.size() < most_texts || texts.contains(text)) ++texts[text];
}

// "dd 300, cp 12, and 4 more": three, or as many as fit; of one alone the number says nothing.
std::string often_text(const std::unordered_map<std::string, std::uint64_t>& texts) {
  constexpr std::size_t most_shown = 3;
  constexpr std::size_t room = 60;
  std::vector<std::pair<std::string, std::uint64_t>> sorted(texts.begin(), texts.end());
  std::ranges::sort(sorted, [](const auto& left, const auto& right) {
    return left.second != right.second ? left.second > right.second : left.first < right.first;
  });
  if (sorted.size() == 1) return sorted.front().first;
  std::string text;
  std::size_t shown = 0;
  for (; shown < std::min(most_shown, sorted.size()); ++shown) {
    if (shown > 0 && text.size() + sorted[shown].first.size() > room) break;
    text += fmt::format("{}{} {}", shown == 0 ? "" : ", ", sorted[shown].first, sorted[shown].second);
  }
  return sorted.size() > shown ? fmt::format("{}, and {} more", text, sorted.size() - shown) : text;
}

std::weak_ordering compare(const Cell& left, const Cell& right) {
  Wide left_number = 0;
  Wide right_number = 0;
  const bool left_is_number = get_number(left, left_number);
  const bool right_is_number = get_number(right, right_number);
  if (left_is_number && right_is_number)
    return left_number < right_number   ? std::weak_ordering::less
           : left_number > right_number ? std::weak_ordering::greater
                                        : std::weak_ordering::equivalent;
  if (left_is_number != right_is_number) return left_is_number ? std::weak_ordering::greater : std::weak_ordering::less;
  return cell_text(left, {}) <=> cell_text(right, {});
}

}  // namespace

bool is_added_up(const Answer& answer) {
  return std::ranges::any_of(answer.columns, [](const AnswerColumn& column) {
    return column.aggregate != Aggregate::none && column.aggregate != Aggregate::computed;
  });
}

std::vector<std::string> values_of(const Answer& answer) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& text) {
    const auto formula = formula_of(text, {});
    if (!formula) return;
    for (const std::string& name : formula->names())
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const AnswerColumn& column : answer.columns)
    if (column.aggregate != Aggregate::computed) add(column.of);
  for (const AnswerColumn& column : answer.columns) add(column.length);
  add(answer.histogram);
  add(answer.where);
  for (const AnswerColumn& column : answer.each) add(column.of);
  return names;
}

AnswerFormulas::AnswerFormulas(const Answer& answer) {
  const std::vector<std::string> names = values_of(answer);
  std::vector<std::string> before;
  for (const AnswerColumn& column : answer.columns) {
    columns_.push_back(formula_of(column.of, column.aggregate == Aggregate::computed ? before : names));
    lengths_.push_back(formula_of(column.length, names));
    before.push_back(column.name);
  }
  where_ = formula_of(answer.where, names);
  histogram_ = formula_of(answer.histogram, names);
}

const Cell& AnswerFormulas::cell(std::size_t column, const Row& row) const {
  static const Cell absent;
  if (!has(column)) return absent;
  const Cell& cell = columns_[column]->evaluate(row);
  const auto* text = std::get_if<std::string>(&cell.value.of);
  Wide length = 0;
  if (text == nullptr || !lengths_[column] || !get_number(lengths_[column]->evaluate(row), length)) return cell;
  if (length < 0 || length >= Wide{text->size()}) return cell;
  cut_ = {{text->substr(0, static_cast<std::size_t>(length))}, cell.field};
  return cut_;
}

AnswerLines::AnswerLines(Output& output, const Answer& answer, AnswerFormat format)
    : output_(output), answer_(answer), format_(format), formulas_(answer) {}

Result<void> AnswerLines::begin() {
  if (format_ == AnswerFormat::csv) append_csv_names(output_.buffer(), answer_);
  if (format_ == AnswerFormat::text) {
    std::vector<std::string> titles;
    for (const AnswerColumn& column : answer_.columns) titles.push_back(is_below(column) ? "" : title_of(column));
    append_line(output_.buffer(), answer_, titles);
  }
  return output_.flush();
}

// Of the first line there is nothing to show.
void AnswerLines::show_since(std::vector<Cell>& cells) {
  const bool is_first = before_.empty();
  before_.resize(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    Wide now = 0;
    if (answer_.columns[i].show.as != Show::As::since || !get_number(cells[i], now)) continue;
    cells[i] = is_first ? Cell{} : Cell{{static_cast<std::uint64_t>(std::max<Wide>(now - before_[i], 0))}};
    before_[i] = now;
  }
}

Result<void> AnswerLines::add(const Row& row) {
  if (!formulas_.is_wanted(row)) return {};
  ++rows_;
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < answer_.columns.size(); ++i) cells.push_back(formulas_.cell(i, row));
  show_since(cells);
  std::string& out = output_.buffer();
  if (format_ == AnswerFormat::json) {
    append_json_row(out, answer_, cells);
  } else if (format_ == AnswerFormat::csv) {
    append_csv_row(out, answer_, cells);
  } else {
    std::vector<std::string> texts;
    std::vector<std::string> below;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool stands_below = is_below(answer_.columns[i]);
      texts.push_back(stands_below ? "" : shown(answer_.columns[i], cells[i]));
      if (stands_below) std::ranges::move(lines_below(answer_.columns[i], cells[i]), std::back_inserter(below));
    }
    append_line(out, answer_, texts);
    for (const std::string& line : below) out += line + "\n";
  }
  return output_.line_done();
}

AnswerTable::AnswerTable(const Answer& answer) : answer_(answer), formulas_(answer) {
  std::size_t totals = 0;
  for (const AnswerColumn& column : answer.columns)
    slot_of_.push_back(column.aggregate == Aggregate::none ? key_count_++ : totals++);
}

void AnswerTable::add_to(Group& group, const Row& row) {
  for (std::size_t i = 0; i < answer_.columns.size(); ++i) {
    const AnswerColumn& column = answer_.columns[i];
    if (column.aggregate == Aggregate::none || column.aggregate == Aggregate::computed) continue;
    Total& total = group.totals[slot_of_[i]];
    if (!formulas_.has(i)) {
      ++total.count;
      continue;
    }
    const Cell& cell = formulas_.cell(i, row);
    if (column.aggregate == Aggregate::last) total.last = cell;
    if (column.aggregate == Aggregate::often) count_text(total.texts, cell_text(cell, column.show));
    Wide number = 0;
    if (!get_number(cell, number)) continue;
    total.min = total.count == 0 ? number : std::min(total.min, number);
    total.max = total.count == 0 ? number : std::max(total.max, number);
    total.sum += number;
    ++total.count;
    if (!is_percentile(column.aggregate)) continue;
    if (!total.values) total.values = std::make_unique<Distribution>();
    total.values->add(number);
  }
}

const Cell& AnswerTable::key_of(const Row& row, std::size_t column) {
  const Cell& cell = formulas_.cell(column, row);
  const Show& show = answer_.columns[column].show;
  Wide number = 0;
  if (!show.is_range() || !get_number(cell, number)) return cell;
  return range_ = cell_of_number(show.range_of(number).first);
}

bool AnswerTable::is_of(const Group& group, const Row& row) {
  for (std::size_t i = 0; i < answer_.columns.size(); ++i) {
    if (answer_.columns[i].aggregate != Aggregate::none) continue;
    const Cell& known = group.keys[slot_of_[i]];
    const Cell& key = key_of(row, i);
    if (key.field != known.field || key.value != known.value) return false;
  }
  return true;
}

AnswerTable::Group* AnswerTable::group_of(const Row& row) {
  if (last_group_ < groups_.size() && is_of(groups_[last_group_], row)) return &groups_[last_group_];
  key_.clear();
  for (std::size_t i = 0; i < answer_.columns.size(); ++i) {
    if (answer_.columns[i].aggregate != Aggregate::none) continue;
    key_ += cell_text(key_of(row, i), {});
    key_ += '\0';
  }
  const auto found = index_of_.find(key_);
  if (found != index_of_.end()) return &groups_[last_group_ = found->second];
  if (groups_.size() >= most_groups) return nullptr;
  last_group_ = groups_.size();
  index_of_.emplace(key_, last_group_);
  Group& group = groups_.emplace_back();
  for (std::size_t i = 0; i < answer_.columns.size(); ++i)
    if (answer_.columns[i].aggregate == Aggregate::none) group.keys.push_back(key_of(row, i));
  group.totals.resize(answer_.columns.size() - key_count_);
  return &group;
}

void AnswerTable::add(const Row& row) {
  if (!formulas_.is_wanted(row)) return;
  ++rows_;
  Wide number = 0;
  if (formulas_.has_histogram() && get_number(formulas_.histogram(row), number)) histogram_.add(number);
  if (Group* group = group_of(row))
    add_to(*group, row);
  else
    ++ungrouped_;
}

void AnswerTable::add_counted(const Row& row, std::uint64_t count, const std::vector<Wide>& sums) {
  rows_ += count;
  Group* group = group_of(row);
  if (group == nullptr) {
    ungrouped_ += count;
    return;
  }
  for (std::size_t i = 0; i < answer_.columns.size(); ++i) {
    if (answer_.columns[i].aggregate == Aggregate::none) continue;
    Total& total = group->totals[slot_of_[i]];
    total.count += count;
    total.sum += sums[i];
  }
}

Cell AnswerTable::cell_of(const Group& group, std::size_t index) const {
  const AnswerColumn& column = answer_.columns[index];
  if (column.aggregate == Aggregate::none) return group.keys[slot_of_[index]];
  const Total& total = group.totals[slot_of_[index]];
  if (column.aggregate == Aggregate::count) return cell_of_number(total.count);
  if (column.aggregate == Aggregate::last) return total.last;
  if (column.aggregate == Aggregate::often) return total.texts.empty() ? Cell{} : Cell{{often_text(total.texts)}};
  if (total.count == 0) return {};
  switch (column.aggregate) {
    case Aggregate::sum: return cell_of_number(total.sum);
    case Aggregate::min: return cell_of_number(total.min);
    case Aggregate::max: return cell_of_number(total.max);
    case Aggregate::mean:
      return cell_of_number(
          static_cast<Wide>(std::llround(static_cast<double>(total.sum) / static_cast<double>(total.count))));
    case Aggregate::p50: return cell_of_number(total.values->percentile(50));
    case Aggregate::p90: return cell_of_number(total.values->percentile(90));
    case Aggregate::p99: return cell_of_number(total.values->percentile(99));
    case Aggregate::none:
    case Aggregate::count:
    case Aggregate::last:
    case Aggregate::often:
    case Aggregate::computed: break;
  }
  return {};
}

// What is equal otherwise stands in the order of the keys, however it came.
bool AnswerTable::comes_before(const Group& left, const Group& right) {
  for (std::size_t i = 0; i < left.keys.size(); ++i)
    if (const auto order = compare(left.keys[i], right.keys[i]); order != 0) return order < 0;
  return false;
}

std::vector<Cell> AnswerTable::cells_of(const Group& group) const {
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < answer_.columns.size(); ++i) {
    const bool is_computed = answer_.columns[i].aggregate == Aggregate::computed;
    cells.push_back(is_computed ? formulas_.cell(i, cells) : cell_of(group, i));
  }
  return cells;
}

std::vector<const AnswerTable::Group*> AnswerTable::sorted() const {
  std::vector<const Group*> groups;
  for (const Group& group : groups_) groups.push_back(&group);
  const auto by = std::ranges::find_if(answer_.columns, [&](const AnswerColumn& column) {
    return answer_.sort.empty() ? column.aggregate != Aggregate::none : column.name == answer_.sort;
  });
  if (by == answer_.columns.end()) return groups;
  const auto index = static_cast<std::size_t>(by - answer_.columns.begin());
  std::unordered_map<const Group*, Cell> cells;
  for (const Group* group : groups) cells.emplace(group, cells_of(*group)[index]);
  std::ranges::stable_sort(groups, [&](const Group* left, const Group* right) {
    const auto order = compare(cells.at(left), cells.at(right));
    if (order != 0) return answer_.descending ? order > 0 : order < 0;
    return comes_before(*left, *right);
  });
  if (answer_.top != 0 && groups.size() > answer_.top) groups.resize(answer_.top);
  return groups;
}

Result<void> AnswerTable::write_rows(Output& output, const std::vector<const Group*>& groups) const {
  TextRow titles;
  std::vector<bool> are_numbers;
  for (const AnswerColumn& column : answer_.columns) {
    if (is_below(column)) continue;
    titles.push_back(title_of(column));
    are_numbers.push_back(is_number(column));
  }
  std::vector<TextRow> rows;
  std::vector<std::vector<std::string>> below;
  for (const Group* group : groups) {
    TextRow& row = rows.emplace_back();
    std::vector<std::string>& lines = below.emplace_back();
    const std::vector<Cell> cells = cells_of(*group);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (is_below(answer_.columns[i]))
        std::ranges::move(lines_below(answer_.columns[i], cells[i]), std::back_inserter(lines));
      else
        row.push_back(shown(answer_.columns[i], cells[i]));
    }
  }
  DTP_CHECK(write_table(output, titles, rows, are_numbers, below));
  if (groups.size() < groups_.size())
    DTP_CHECK(write_line(output, fmt::format("# {} of {} rows", groups.size(), groups_.size())));
  if (ungrouped_ > 0)
    DTP_CHECK(
        write_line(output, fmt::format("# {} hits of further rows: there is room for {}", ungrouped_, most_groups)));
  if (histogram_.count() == 0) return {};
  const auto shown_as = std::ranges::find_if(answer_.columns, [&](const AnswerColumn& column) {
    return column.of == answer_.histogram && column.show.unit() != Unit::none;
  });
  DTP_CHECK(write_line(output, fmt::format("\n# {}", answer_.histogram)));
  return write_histogram(output, histogram_, shown_as == answer_.columns.end() ? Unit::none : shown_as->show.unit());
}

Result<void> AnswerTable::write(Output& output, AnswerFormat format) const {
  const std::vector<const Group*> groups = sorted();
  if (format == AnswerFormat::text) {
    DTP_CHECK(write_rows(output, groups));
    return output.flush();
  }
  if (format == AnswerFormat::csv) append_csv_names(output.buffer(), answer_);
  for (const Group* group : groups) {
    const std::vector<Cell> cells = cells_of(*group);
    if (format == AnswerFormat::csv)
      append_csv_row(output.buffer(), answer_, cells);
    else
      append_json_row(output.buffer(), answer_, cells);
    DTP_CHECK(output.line_done());
  }
  return output.flush();
}

}  // namespace dtp::report
