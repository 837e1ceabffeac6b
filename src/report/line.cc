#include "report/line.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "report/key.h"
#include "report/number.h"

namespace dtp::report {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

Step step_of(const record::EventSchema& schema, const record::FieldSchema& field) {
  return {Column::Kind::field, &field, static_cast<std::size_t>(&field - schema.fields.data())};
}

}  // namespace

Column parse_column(std::string_view name) {
  constexpr std::string_view field_mark = "fields.";
  if (name.starts_with(field_mark)) return {Column::Kind::field, std::string(name.substr(field_mark.size()))};
  const auto word = std::ranges::find(column_words, name);
  // The words stand in the order of the kinds.
  return {static_cast<Column::Kind>(word - column_words.begin()), std::string(name)};
}

std::vector<Step> make_steps(const std::vector<Column>& columns, const record::EventSchema& schema) {
  std::vector<Step> steps;
  for (const Column& column : columns) {
    if (column.kind == Column::Kind::fields) {
      for (const record::FieldSchema& field : schema.fields) steps.push_back(step_of(schema, field));
    } else if (column.kind == Column::Kind::field) {
      if (const auto* field = find_field(schema, column.name)) steps.push_back(step_of(schema, *field));
    } else if (column.kind != Column::Kind::ip || schema.is_probe) {
      steps.push_back({.kind = column.kind});
    }
  }
  return steps;
}

std::uint64_t LineTimes::shown(std::uint64_t time_ns) {
  if (times_ == Times::recorded) return time_ns;
  if (times_ == Times::wall) return time_ns + static_cast<std::uint64_t>(offset_ns_);
  if (is_first_) from_ns_ = time_ns;
  is_first_ = false;
  const std::uint64_t since = time_ns - std::min(from_ns_, time_ns);
  if (times_ == Times::delta) from_ns_ = time_ns;
  return since;
}

void WallText::append(std::string& out, std::uint64_t time_ns, int digits) {
  if (const std::uint64_t second = time_ns / second_ns; second != second_) {
    second_ = second;
    const auto since_epoch = static_cast<time_t>(second);
    tm parts = {};
    ::localtime_r(&since_epoch, &parts);
    std::array<char, 64> text{};
    date_.assign(text.data(), ::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts));
    const long minutes = std::labs(parts.tm_gmtoff) / 60;
    zone_ = parts.tm_gmtoff < 0 ? "-" : "+";
    append_zeros(zone_, static_cast<std::uint64_t>(minutes / 60), 2);
    zone_ += ':';
    append_zeros(zone_, static_cast<std::uint64_t>(minutes % 60), 2);
  }
  std::uint64_t part = time_ns % second_ns;
  for (int i = digits; i < 9; ++i) part /= 10;
  out += date_;
  out += '.';
  append_zeros(out, part, digits);
  out += zone_;
}

}  // namespace dtp::report
