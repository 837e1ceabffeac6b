// Rows added up: an answer as a table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "report/distribution.h"
#include "report/formula.h"
#include "report/output.h"
#include "report/row.h"

namespace dtp::report {

enum class Aggregate { none, count, sum, mean, min, max, p50, p90, p99, last, often, computed };

struct AggregateName {
  std::string_view name = {};
  Aggregate aggregate = Aggregate::none;
};
inline constexpr AggregateName aggregate_names[] = {
    {"count", Aggregate::count}, {"sum", Aggregate::sum},    {"mean", Aggregate::mean}, {"min", Aggregate::min},
    {"max", Aggregate::max},     {"p50", Aggregate::p50},    {"p90", Aggregate::p90},   {"p99", Aggregate::p99},
    {"last", Aggregate::last},   {"often", Aggregate::often}};

struct AnswerColumn {
  std::string name = {};                  // unique; of JSON and CSV
  std::string title = {};                 // of the table; empty: the name
  std::string of = {};                    // a formula of values; of a count none; computed: of the columns before it
  Aggregate aggregate = Aggregate::none;  // none: rows with the same values are one
  Show show = {};
  std::size_t width = 0;    // of lines that are printed as they come; 0: what suits the kind of value
  std::string length = {};  // a formula: the bytes of a text that count; empty: all
};

struct Answer {
  std::vector<AnswerColumn> columns = {};
  std::string sort = {};  // the name of a column; empty: the first that is added up
  bool descending = true;
  std::size_t top = 0;         // rows; 0: all
  std::string histogram = {};  // a formula; empty: none
  std::string where = {};      // a formula: rows for which it is not true are left out; empty: none
  // Beside a table: so many rows that have the greatest of a value, with columns of their own that are not added up.
  std::vector<AnswerColumn> each = {};
  std::size_t greatest = 0;
  std::string greatest_of = {};
};

bool is_added_up(const Answer& answer);
// Of the values that the answer is made of, each once. Its formulas must be right: see Formula::parse().
std::vector<std::string> values_of(const Answer& answer);

// The formulas of an answer, for rows of its values.
class AnswerFormulas {
 public:
  explicit AnswerFormulas(const Answer& answer);
  bool is_wanted(const Row& row) const { return !where_ || where_->is_true(row); }
  // Of a column that is a count there is none.
  bool has(std::size_t column) const { return columns_[column].has_value(); }
  // Valid until the next call, and as long as the row; so is the next.
  const Cell& cell(std::size_t column, const Row& row) const;
  bool has_histogram() const { return histogram_.has_value(); }
  const Cell& histogram(const Row& row) const { return histogram_->evaluate(row); }

 private:
  std::vector<std::optional<Formula>> columns_ = {};
  std::vector<std::optional<Formula>> lengths_ = {};  // of their texts
  std::optional<Formula> where_ = {};
  std::optional<Formula> histogram_ = {};
  mutable Cell cut_ = {};  // what cell() gives of a text that is cut
};

enum class AnswerFormat { text, json, csv };

// One row after the other, as they come.
class AnswerLines {
 public:
  // `output` outlives it.
  AnswerLines(Output& output, const Answer& answer, AnswerFormat format);
  Result<void> begin();
  Result<void> add(const Row& row);
  std::uint64_t rows() const { return rows_; }

 private:
  void show_since(std::vector<Cell>& cells);

  Output& output_;
  const Answer& answer_;
  AnswerFormat format_;
  AnswerFormulas formulas_;
  std::vector<Wide> before_ = {};  // of the line above: the numbers of columns that show what passed since
  std::uint64_t rows_ = 0;
};

class AnswerTable {
 public:
  explicit AnswerTable(const Answer& answer);
  void add(const Row& row);
  // So many rows that have the same keys: `sums` are those of the columns. Only of answers that are made of counts,
  // sums and means.
  void add_counted(const Row& row, std::uint64_t count, const std::vector<Wide>& sums);
  // Rows that somebody else had no room for.
  void add_ungrouped(std::uint64_t rows) { ungrouped_ += rows; }
  // Sorted; may be written more than once while rows come.
  Result<void> write(Output& output, AnswerFormat format) const;
  std::uint64_t rows() const { return rows_; }

  // A group takes some 200 bytes, and up to 60 KB with percentiles.
  static constexpr std::size_t most_groups = 16'384;

 private:
  struct Total {
    std::uint64_t count = 0;
    Wide sum = 0;
    Wide min = 0;
    Wide max = 0;
    std::unique_ptr<Distribution> values = {};  // where percentiles are wanted
    Cell last = {};
    std::unordered_map<std::string, std::uint64_t> texts = {};  // of what is shown as those that came most often
  };
  struct Group {
    Row keys = {};                   // of the columns that are not added up
    std::vector<Total> totals = {};  // of the others
  };
  // None: there is no room for another one.
  Group* group_of(const Row& row);
  bool is_of(const Group& group, const Row& row);
  const Cell& key_of(const Row& row, std::size_t column);
  void add_to(Group& group, const Row& row);
  Cell cell_of(const Group& group, std::size_t column) const;  // not of a computed one
  std::vector<Cell> cells_of(const Group& group) const;
  static bool comes_before(const Group& left, const Group& right);
  std::vector<const Group*> sorted() const;
  Result<void> write_rows(Output& output, const std::vector<const Group*>& groups) const;

  const Answer& answer_;
  AnswerFormulas formulas_;
  std::vector<std::size_t> slot_of_ = {};  // of each column in Group::keys or Group::totals
  std::size_t key_count_ = 0;
  Distribution histogram_ = {};
  std::unordered_map<std::string, std::size_t> index_of_ = {};
  std::vector<Group> groups_ = {};
  std::size_t last_group_ = 0;  // the next row is mostly of it
  std::uint64_t rows_ = 0;
  std::uint64_t ungrouped_ = 0;
  Cell range_ = {};  // what key_of() gives of a number in a range
  std::string key_ = {};
};

}  // namespace dtp::report
