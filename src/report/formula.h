// Arithmetic and conditions over the values of a row, as C has them:
//
//   1 << order        exit_code & 127        latency > 1000000 && comm ~ "ba*"        family == 10 ? peer6 : peer
//
// A list, "a, b, c", is the texts of its members with blanks between them, up to the first that is not there.
// Numbers are decimal or hexadecimal, or IPv4 addresses (10.0.0.1); texts are compared with ==, != and, as a pattern,
// with ~; so are addresses, as they are printed. What is computed from a value that is not there is not there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dtracepp/error.h"
#include "report/show.h"

namespace dtp::report {

class Formula {
 public:
  // Errors have their place in `text`, which `label` names.
  static Result<Formula> parse(std::string_view text, std::string_view label);

  // The values that it is made of, each once.
  const std::vector<std::string>& names() const { return names_; }
  // Says where in a row they are. A name that is not there has no value.
  void bind(const std::vector<std::string>& row_names);

  // Valid until the next call, and as long as the row.
  const Cell& evaluate(const std::vector<Cell>& row) const;
  // What a value is at least where this is true, as far as its form tells: 10 of `x >= 10 && y`. None: anything.
  std::optional<std::uint64_t> least(std::string_view name) const;
  // Neither zero nor empty nor absent.
  bool is_true(const std::vector<Cell>& row) const;

 private:
  friend class FormulaParser;
  enum class Op {
    number,
    text,
    name,
    negate,
    invert,
    not_,
    multiply,
    divide,
    modulo,
    add,
    subtract,
    shift_left,
    shift_right,
    less,
    less_equal,
    greater,
    greater_equal,
    equal,
    not_equal,
    matches,
    and_,
    xor_,
    or_,
    both,
    join,
    either,
    choose  // the second operand or the third
  };
  struct Step {
    Op op = Op::number;
    Wide number = 0;
    std::string text = {};
    std::size_t name = 0;  // into names_
  };
  static Cell apply(Op op, const Cell& left, const Cell& right);
  const Cell& cell_of_name(std::size_t name, const std::vector<Cell>& row) const;
  void compute(Op op, Cell& made) const;

  std::vector<Step> steps_ = {};  // operands before their operator
  std::vector<std::string> names_ = {};
  std::vector<std::size_t> places_ = {};  // of names_ in a row
  // Of evaluate(), for each step: what it has computed; a number or a text has its own from the beginning. And the
  // operands that wait.
  mutable std::vector<Cell> made_ = {};
  mutable std::vector<const Cell*> waiting_ = {};
};

}  // namespace dtp::report
