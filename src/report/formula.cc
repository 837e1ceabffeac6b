#include "report/formula.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include "base/pattern.h"

namespace dtp::report {
namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
constexpr int deepest_nesting = 50;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Cell cell_of_number(Wide number) {
  if (number < 0) return {{static_cast<std::int64_t>(number)}};
  return {{static_cast<std::uint64_t>(number)}};
}

const std::string* text_of(const Cell& cell) { return std::get_if<std::string>(&cell.value.of); }

bool is_number_but_0(const Cell& cell) {
  Wide number = 0;
  return get_number(cell, number) && number != 0;
}

// Raw, as the traced system has it.
std::string text_of_any(const Cell& cell) {
  const std::string* text = text_of(cell);
  return text == nullptr ? cell_text(cell, {}) : *text;
}

bool is_address(const Cell& cell) {
  if (cell.field == nullptr || std::holds_alternative<value::Absent>(cell.value.of)) return false;
  return cell.field->display == path::Display::ip4 || cell.field->display == path::Display::ip6;
}

}  // namespace

// One function for all levels: each operator binds as tightly as in C.
class FormulaParser {
 public:
  using Op = Formula::Op;

  FormulaParser(std::string_view text, std::string_view label) : text_(text), label_(label) {}

  Result<Formula> parse() {
    DTP_CHECK(parse_choice(0));
    skip_blanks();
    if (at_ < text_.size()) return fail(wrong("an operator is missing"));
    return std::move(formula_);
  }

 private:
  struct Operator {
    std::string_view text = {};
    Op op = Op::number;
    int level = 0;  // how tightly it binds
  };
  // Longer ones first, so that "<=" is not read as "<".
  static constexpr std::array<Operator, 20> operators{
      {{",", Op::join, 1},           {"||", Op::either, 2},     {"&&", Op::both, 3},        {"==", Op::equal, 7},
       {"!=", Op::not_equal, 7},     {"<<", Op::shift_left, 9}, {">>", Op::shift_right, 9}, {"<=", Op::less_equal, 8},
       {">=", Op::greater_equal, 8}, {"~", Op::matches, 7},     {"|", Op::or_, 4},          {"^", Op::xor_, 5},
       {"&", Op::and_, 6},           {"<", Op::less, 8},        {">", Op::greater, 8},      {"+", Op::add, 10},
       {"-", Op::subtract, 10},      {"*", Op::multiply, 11},   {"/", Op::divide, 11},      {"%", Op::modulo, 11}}};

  Error wrong(std::string what) const {
    const std::size_t begin = std::min(at_, text_.size());
    return {.what = std::move(what),
            .where = Where{std::string(label_), std::string(text_), {begin, std::min(begin + 1, text_.size())}},
            .status = Status::wrong_request};
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  // A condition, and what it chooses from, if there is a '?'.
  Result<void> parse_choice(int depth) {
    if (depth > deepest_nesting) return fail(wrong("this is nested too deeply"));
    DTP_CHECK(parse_binary(0, depth));
    skip_blanks();
    if (peek() != '?') return {};
    ++at_;
    DTP_CHECK(parse_choice(depth + 1));
    skip_blanks();
    if (peek() != ':') return fail(wrong("':' is missing"));
    ++at_;
    DTP_CHECK(parse_choice(depth + 1));
    formula_.steps_.push_back({.op = Op::choose});
    return {};
  }

  Result<void> parse_binary(int least_level, int depth) {
    DTP_CHECK(parse_operand(depth));
    for (;;) {
      skip_blanks();
      const auto* found =
          std::ranges::find_if(operators, [&](const Operator& one) { return text_.substr(at_).starts_with(one.text); });
      if (found == operators.end() || found->level <= least_level) return {};
      at_ += found->text.size();
      // Of a list the rest comes first: it ends where something is not there.
      DTP_CHECK(parse_binary(found->op == Op::join ? found->level - 1 : found->level, depth));
      formula_.steps_.push_back({.op = found->op});
    }
  }

  Result<void> parse_operand(int depth) {
    if (depth > deepest_nesting) return fail(wrong("this is nested too deeply"));
    skip_blanks();
    for (const auto& [character, op] :
         {std::pair('-', Op::negate), std::pair('~', Op::invert), std::pair('!', Op::not_)}) {
      if (peek() != character) continue;
      ++at_;
      DTP_CHECK(parse_operand(depth + 1));
      formula_.steps_.push_back({.op = op});
      return {};
    }
    if (peek() == '(') {
      ++at_;
      DTP_CHECK(parse_choice(depth + 1));
      skip_blanks();
      if (peek() != ')') return fail(wrong("')' is missing"));
      ++at_;
      return {};
    }
    if (is_digit(peek())) return parse_number();
    if (peek() == '"') return parse_text();
    if (is_letter(peek())) return parse_name();
    return fail(wrong("a name, a number or a text is missing"));
  }

  // Its bytes as a person reads them, which is what such a field's value is.
  Result<void> parse_address() {
    std::uint64_t address = 0;
    std::size_t end = at_;
    for (int part = 0; part < 4; ++part) {
      unsigned byte = 0;
      if (part > 0 && (end >= text_.size() || text_[end++] != '.')) return fail(wrong("this is no IPv4 address"));
      const char* const begin = text_.data() + end;
      const auto [rest, error] = std::from_chars(begin, text_.data() + text_.size(), byte);
      if (error != std::errc{} || byte > 255) return fail(wrong("this is no IPv4 address"));
      end += static_cast<std::size_t>(rest - begin);
      address = address << 8 | byte;
    }
    at_ = end;
    formula_.steps_.push_back({.op = Op::number, .number = address});
    return {};
  }

  Result<void> parse_number() {
    const std::size_t digits_end = std::min(text_.find_first_not_of("0123456789", at_), text_.size());
    if (text_.substr(digits_end).starts_with('.')) return parse_address();
    const bool is_hex = text_.substr(at_).starts_with("0x");
    const char* begin = text_.data() + at_ + (is_hex ? 2 : 0);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), number, is_hex ? 16 : 10);
    if (error != std::errc{}) return fail(wrong("this is no number of 64 bits"));
    at_ = static_cast<std::size_t>(end - text_.data());
    formula_.steps_.push_back({.op = Op::number, .number = number});
    return {};
  }

  Result<void> parse_text() {
    const std::size_t end = text_.find('"', at_ + 1);
    if (end == std::string_view::npos) return fail(wrong("this text has no end"));
    formula_.steps_.push_back({.op = Op::text, .text = std::string(text_.substr(at_ + 1, end - at_ - 1))});
    at_ = end + 1;
    return {};
  }

  Result<void> parse_name() {
    const std::size_t begin = at_;
    while (is_letter(peek()) || is_digit(peek())) ++at_;
    const std::string name(text_.substr(begin, at_ - begin));
    auto known = std::ranges::find(formula_.names_, name);
    if (known == formula_.names_.end()) known = formula_.names_.insert(known, name);
    formula_.steps_.push_back({.op = Op::name, .name = static_cast<std::size_t>(known - formula_.names_.begin())});
    return {};
  }

  std::string_view text_;
  std::string_view label_;
  std::size_t at_ = 0;
  Formula formula_ = {};
};

Result<Formula> Formula::parse(std::string_view text, std::string_view label) {
  return FormulaParser(text, label).parse();
}

void Formula::bind(const std::vector<std::string>& row_names) {
  places_.clear();
  for (const std::string& name : names_) {
    const auto at = std::ranges::find(row_names, name);
    places_.push_back(at == row_names.end() ? nowhere : static_cast<std::size_t>(at - row_names.begin()));
  }
}

Cell Formula::apply(Op op, const Cell& left, const Cell& right) {
  if (op == Op::join) {
    if (std::holds_alternative<value::Absent>(left.value.of) || std::holds_alternative<value::Absent>(right.value.of))
      return left;
    return {{text_of_any(left) + " " + text_of_any(right)}};
  }
  if (is_address(left) && text_of(right) != nullptr) return apply(op, {{text_of_any(left)}}, right);
  const std::string* left_text = text_of(left);
  const std::string* right_text = text_of(right);
  if (left_text != nullptr && right_text != nullptr) {
    if (op == Op::equal) return cell_of_number(*left_text == *right_text);
    if (op == Op::not_equal) return cell_of_number(*left_text != *right_text);
    if (op == Op::matches) return cell_of_number(base::matches_pattern(*right_text, *left_text));
    return {};
  }
  Wide a = 0;
  Wide b = 0;
  if (!get_number(left, a) || !get_number(right, b)) return {};
  // Cut to 64 bits, as the kernel's own numbers are.
  const auto number = [](Wide wide) {
    return wide < 0 ? cell_of_number(static_cast<std::int64_t>(wide))
                    : cell_of_number(static_cast<std::uint64_t>(wide));
  };
  const bool can_shift = b >= 0 && b < 64;
  switch (op) {
    case Op::multiply: {
      Wide product = 0;
      return __builtin_mul_overflow(a, b, &product) ? Cell{} : number(product);
    }
    case Op::divide: return b == 0 ? Cell{} : number(a / b);
    case Op::modulo: return b == 0 ? Cell{} : number(a % b);
    case Op::add: return number(a + b);
    case Op::subtract: return number(a - b);
    case Op::shift_left: return can_shift ? number(static_cast<std::uint64_t>(a) << static_cast<int>(b)) : Cell{};
    case Op::shift_right: return can_shift ? number(a >> static_cast<int>(b)) : Cell{};
    case Op::less: return number(a < b);
    case Op::less_equal: return number(a <= b);
    case Op::greater: return number(a > b);
    case Op::greater_equal: return number(a >= b);
    case Op::equal: return number(a == b);
    case Op::not_equal: return number(a != b);
    case Op::and_: return number(a & b);
    case Op::xor_: return number(a ^ b);
    case Op::or_: return number(a | b);
    default: return {};
  }
}

const Cell& Formula::cell_of_name(std::size_t name, const std::vector<Cell>& row) const {
  static const Cell absent;
  const std::size_t place = name < places_.size() ? places_[name] : nowhere;
  return place < row.size() ? row[place] : absent;
}

const Cell& Formula::evaluate(const std::vector<Cell>& row) const {
  if (steps_.size() == 1 && steps_[0].op == Op::name) return cell_of_name(steps_[0].name, row);
  if (made_.empty())
    for (const Step& step : steps_)
      made_.push_back(step.op == Op::number ? cell_of_number(step.number)
                      : step.op == Op::text ? Cell{{step.text}}
                                            : Cell{});
  waiting_.clear();
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (step.op == Op::number || step.op == Op::text) {
      waiting_.push_back(&made_[i]);
    } else if (step.op == Op::name) {
      waiting_.push_back(&cell_of_name(step.name, row));
    } else {
      compute(step.op, made_[i]);
    }
  }
  return *waiting_.back();
}

// Takes its operands from those that wait, and waits itself.
void Formula::compute(Op op, Cell& made) const {
  const Cell& right = *waiting_.back();
  waiting_.pop_back();
  if (op == Op::negate || op == Op::invert || op == Op::not_) {
    Wide number = 0;
    if (op == Op::not_)
      made = cell_of_number(!is_number_but_0(right));
    else if (get_number(right, number))
      made = cell_of_number(op == Op::negate ? -number : ~number);
    else
      made = {};
    waiting_.push_back(&made);
    return;
  }
  const Cell*& left = waiting_.back();
  if (op == Op::choose) {
    const Cell& first = *left;
    waiting_.pop_back();
    waiting_.back() = is_number_but_0(*waiting_.back()) ? &first : &right;
    return;
  }
  // Also where one side is not there.
  if (op == Op::both)
    made = cell_of_number(is_number_but_0(*left) && is_number_but_0(right));
  else if (op == Op::either)
    made = cell_of_number(is_number_but_0(*left) || is_number_but_0(right));
  else
    made = apply(op, *left, right);
  left = &made;
}

std::optional<std::uint64_t> Formula::least(std::string_view name) const {
  // What is known of an operand: it is the name, it is this number, or where it is true the name is at least `bound`.
  struct Known {
    bool is_name = false;
    std::optional<std::uint64_t> number = {};
    std::optional<std::uint64_t> bound = {};
  };
  std::vector<Known> stack;
  for (const Step& step : steps_) {
    if (step.op == Op::number || step.op == Op::text || step.op == Op::name) {
      Known operand{.is_name = step.op == Op::name && names_[step.name] == name};
      if (step.op == Op::number) operand.number = static_cast<std::uint64_t>(step.number);
      stack.push_back(operand);
      continue;
    }
    const std::size_t operands = step.op == Op::negate || step.op == Op::invert || step.op == Op::not_ ? 1
                                 : step.op == Op::choose                                               ? 3
                                                                                                       : 2;
    const Known left = stack[stack.size() - operands];
    const Known right = stack.back();
    stack.resize(stack.size() - operands);
    Known result;
    if (step.op == Op::greater_equal && left.is_name) result.bound = right.number;
    if (step.op == Op::both) result.bound = std::max(left.bound, right.bound);
    stack.push_back(result);
  }
  return stack.empty() ? std::nullopt : stack.back().bound;
}

bool Formula::is_true(const std::vector<Cell>& row) const {
  const Cell& cell = evaluate(row);
  if (const std::string* text = text_of(cell)) return !text->empty();
  return is_number_but_0(cell);
}

}  // namespace dtp::report
