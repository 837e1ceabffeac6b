#include "report/pairs.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace dtp::report {
namespace {

std::vector<std::string> names_of(const std::vector<Match>& by, std::string Match::*side) {
  std::vector<std::string> names;
  for (const Match& match : by) names.push_back(match.*side);
  return names;
}

// A field that could not be read counts as one.
bool has_value(const Cell& cell) {
  return !std::holds_alternative<value::Absent>(cell.value.of) || cell.field != nullptr;
}

}  // namespace

Pairs::Pairs(std::vector<std::string> names, const std::vector<Match>& by, RowSources sources,
             const std::vector<std::string>& of_end, bool stays)
    : rows_(std::move(names), sources),
      first_keys_(names_of(by, &Match::first)),
      second_keys_(names_of(by, &Match::second)),
      stays_(stays) {
  latency_ = static_cast<std::size_t>(std::ranges::find(rows_.names(), "latency") - rows_.names().begin());
  for (const std::string& name : rows_.names()) is_of_end_.push_back(std::ranges::find(of_end, name) != of_end.end());
  if (!stays || !by.empty()) return;
  first_keys_ = RowMaker({"tid"});
  second_keys_ = RowMaker({"tid"});
}

std::string Pairs::key_of(RowMaker& keys, const record::Record& record) {
  std::string key;
  for (const Cell& cell : keys.make(record)) {
    key += cell_text(cell, {});
    key += '\0';
  }
  return key;
}

void Pairs::begin(const record::Record& record) {
  Open open{record.time_ns, rows_.make(record, std::exchange(spare_, {}))};
  if (first_keys_.names().empty()) return calls_.enter(record.tid, std::move(open));
  if (by_key_.size() >= most_open) {
    forgotten_ += by_key_.size();
    by_key_.clear();
  }
  const auto [at, is_new] = by_key_.insert_or_assign(key_of(first_keys_, record), std::move(open));
  if (!is_new && !stays_) ++forgotten_;
}

std::optional<Pairs::Open> Pairs::take(const record::Record& record) {
  if (first_keys_.names().empty()) {
    auto left = calls_.leave(record.tid);
    return left ? std::optional(std::move(left->call)) : std::nullopt;
  }
  return take_by_key(record);
}

std::optional<Pairs::Open> Pairs::take_by_key(const record::Record& record) {
  const auto found = by_key_.find(key_of(second_keys_, record));
  if (found == by_key_.end()) return std::nullopt;
  if (stays_) return found->second;
  Open open = std::move(found->second);
  by_key_.erase(found);
  return open;
}

Row* Pairs::end(const record::Record& record) {
  auto open = take(record);
  if (!open) {
    ++lone_ends_;
    return nullptr;
  }
  spare_ = std::exchange(row_, std::move(open->row));
  for (std::size_t i = 0; i < row_.size(); ++i) {
    if (i == latency_) {
      row_[i] = {{record.time_ns - open->time_ns}};
    } else if (is_of_end_[i] || !has_value(row_[i])) {
      Cell end = rows_.make(record, i);
      if (has_value(end) || !has_value(row_[i])) row_[i] = std::move(end);
    }
  }
  return &row_;
}

std::vector<Row> Pairs::open_rows() const {
  std::vector<Row> rows;
  for (const auto& [key, open] : by_key_) rows.push_back(open.row);
  return rows;
}

std::uint64_t Pairs::open() const { return stays_ ? 0 : calls_.unfinished() + by_key_.size() + forgotten_; }

}  // namespace dtp::report
