// The rows of an answer that have the greatest values, one by one.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "report/table.h"

namespace dtp::report {

class GreatestRows {
 public:
  // Answer::greatest of them, with the columns Answer::each.
  explicit GreatestRows(const Answer& answer);
  // A row of values_of(answer).
  void add(const Row& row);
  // The greatest first; of equal ones that which came first.
  Result<void> write(Output& output, AnswerFormat format) const;

 private:
  struct Kept {
    Wide value = 0;
    std::uint64_t number = 0;  // in the order in which they came
    Row row = {};
    bool operator<(const Kept& other) const {
      return value != other.value ? value > other.value : number < other.number;
    }
  };
  Answer shown_;
  std::size_t most_;
  std::size_t value_place_ = 0;
  std::vector<std::size_t> places_ = {};  // of the columns' values in a row
  std::vector<Kept> kept_ = {};           // a heap with the least in front
  std::uint64_t seen_ = 0;
};

}  // namespace dtp::report
