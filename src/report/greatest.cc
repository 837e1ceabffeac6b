#include "report/greatest.h"

#include <algorithm>

#include "report/text_table.h"

namespace dtp::report {

GreatestRows::GreatestRows(const Answer& answer) : shown_{.columns = answer.each}, most_(answer.greatest) {
  const std::vector<std::string> names = values_of(answer);
  const auto place_of = [&](const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
  };
  value_place_ = place_of(answer.greatest_of);
  for (const std::string& name : values_of(shown_)) places_.push_back(place_of(name));
}

void GreatestRows::add(const Row& row) {
  Kept kept{.number = ++seen_};
  if (most_ == 0 || !get_number(row[value_place_], kept.value)) return;
  if (kept_.size() == most_ && !(kept < kept_.front())) return;
  for (const std::size_t place : places_) kept.row.push_back(row[place]);
  kept_.push_back(std::move(kept));
  std::ranges::push_heap(kept_, std::less());
  if (kept_.size() <= most_) return;
  std::ranges::pop_heap(kept_, std::less());
  kept_.pop_back();
}

Result<void> GreatestRows::write(Output& output, AnswerFormat format) const {
  if (kept_.empty()) return {};
  std::vector<const Kept*> sorted;
  for (const Kept& kept : kept_) sorted.push_back(&kept);
  std::ranges::sort(sorted, [](const Kept* left, const Kept* right) { return *left < *right; });
  if (format == AnswerFormat::text) DTP_CHECK(write_line(output, "\n# the greatest"));
  if (format == AnswerFormat::csv) DTP_CHECK(write_line(output, ""));
  AnswerLines lines(output, shown_, format);
  DTP_CHECK(lines.begin());
  for (const Kept* kept : sorted) DTP_CHECK(lines.add(kept->row));
  return output.flush();
}

}  // namespace dtp::report
