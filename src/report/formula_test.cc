#include "report/formula.h"

#include <doctest/doctest.h>

#include "base/caret.h"

namespace dtp::report {
namespace {

const std::vector<std::string> names{"order", "code", "comm", "nothing"};
const std::vector<Cell> row{{{std::uint64_t{3}}}, {{std::int64_t{-2}}}, {{std::string("bash")}}, {}};

std::string result_of(std::string_view text) {
  auto formula = Formula::parse(text, "value");
  REQUIRE(formula);
  formula->bind(names);
  return cell_text(formula->evaluate(row), {});
}

std::string error_of(std::string_view text) {
  const auto formula = Formula::parse(text, "value");
  return formula ? "" : base::format_error(formula.error(), false);
}

}  // namespace

TEST_CASE("operators bind as in C") {
  CHECK(result_of("order") == "3");
  CHECK(result_of("1 << order") == "8");
  CHECK(result_of("1 + 2 * 3") == "7");
  CHECK(result_of("(1 + 2) * 3") == "9");
  CHECK(result_of("10 - 3 - 2") == "5");
  CHECK(result_of("0x100 >> 4 & 0xff | 1") == "17");
  CHECK(result_of("1 | 2 == 2") == "1");
  CHECK(result_of("-code") == "2");
  CHECK(result_of("code < 0 && order >= 3") == "1");
  CHECK(result_of("!order || code == -2") == "1");
  CHECK(result_of("7 / 2 + 7 % 2") == "4");
  CHECK(result_of("code >> 1") == "-1");
  CHECK(result_of("5 ^ 1") == "4");
}

TEST_CASE("addresses are numbers") {
  CHECK(result_of("0.0.0.3 == order") == "1");
  CHECK(result_of("10.0.0.1") == "167772161");
  CHECK(result_of("10.0.0.1 + 1") == "167772162");
  for (const char* wrong : {"1.2", "1.2.3", "1.2.3.", "1.2.3.256", "1..2.3"})
    CHECK(error_of(wrong).contains("this is no IPv4 address"));
}

TEST_CASE("texts") {
  CHECK(result_of("comm == \"bash\"") == "1");
  CHECK(result_of("comm != \"bash\"") == "0");
  CHECK(result_of("comm ~ \"ba*\"") == "1");
  CHECK(result_of("comm") == "bash");
  CHECK(result_of("comm + 1") == "-");
}

TEST_CASE("addresses are compared as they are printed") {
  record::FieldSchema field{.name = "peer", .kind = record::FieldKind::hex, .display = path::Display::ip4};
  auto formula = Formula::parse("peer == \"10.0.0.1\"", "value");
  REQUIRE(formula);
  formula->bind({"peer"});
  CHECK(cell_text(formula->evaluate({{{std::uint64_t{0x0a000001}}, &field}}), {}) == "1");
  CHECK(cell_text(formula->evaluate({{{std::uint64_t{0x0a000002}}, &field}}), {}) == "0");
}

TEST_CASE("a choice") {
  CHECK(result_of("order == 3 ? comm : code") == "bash");
  CHECK(result_of("order != 3 ? comm : code") == "-2");
  CHECK(result_of("nothing ? 1 : order == 3 ? 2 : 3") == "2");
  CHECK(result_of("1 + (0 ? 1 : 5)") == "6");
  CHECK(result_of("1 ? nothing : 2") == "-");
}

TEST_CASE("a list ends where something is not there") {
  CHECK(result_of("comm, order + 1, code") == "bash 4 -2");
  CHECK(result_of("comm, nothing, code") == "bash");
  CHECK(result_of("nothing, comm") == "-");
}

TEST_CASE("what is not there") {
  CHECK(result_of("nothing + 1") == "-");
  CHECK(result_of("unknown") == "-");
  CHECK(result_of("nothing == 0 || order == 3") == "1");
  CHECK(result_of("1 / 0") == "-");
  CHECK(result_of("1 << 64") == "-");
  CHECK(result_of("1 << 63") == "9223372036854775808");
}

TEST_CASE("what a value is at least") {
  const auto least = [](std::string_view text) { return Formula::parse(text, "where").value().least("x"); };
  CHECK(least("x >= 10") == 10);
  CHECK(least("name ~ \"a*\" && (x >= 10 && x >= 7) && x < 20") == 10);
  for (const char* text : {"x > 10", "10 <= x", "y >= 10", "x >= y", "x >= 10 || y", "!(x >= 10)", "x >= 10 ? 0 : 1",
                           "(x >= 10) == 0", "-x >= 10", "x"})
    CHECK_MESSAGE(!least(text), text);
}

TEST_CASE("what is no formula is told with its place") {
  CHECK(error_of("1 +") == "error: a name, a number or a text is missing\n  value: 1 +\n            ^\n");
  CHECK(error_of("(1") == "error: ')' is missing\n  value: (1\n           ^\n");
  CHECK(error_of("1 ? 2") == "error: ':' is missing\n  value: 1 ? 2\n              ^\n");
  CHECK(error_of("a b") == "error: an operator is missing\n  value: a b\n           ^\n");
  CHECK(error_of("\"a") == "error: this text has no end\n  value: \"a\n         ^\n");
  CHECK(error_of("") == "error: a name, a number or a text is missing\n  value: \n         ^\n");
  CHECK(error_of("99999999999999999999") ==
        "error: this is no number of 64 bits\n  value: 99999999999999999999\n         ^\n");
  CHECK(error_of(std::string(100, '(') + "1") != "");
}

}  // namespace dtp::report
