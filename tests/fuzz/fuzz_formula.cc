// Formulas of recipes, and what they compute of a row of numbers, texts and what is not there.
#include "report/formula.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dtp;
  auto formula = report::Formula::parse(fuzz::text_of(data, size), "column");
  if (!formula) {
    fuzz::check_error(formula.error());
    return 0;
  }
  const std::vector<report::Cell> row{
      {.value = {std::uint64_t{1} << 63}}, {.value = {std::int64_t{-1}}}, {.value = {std::string("a text")}}, {}};
  formula->bind({"big", "minus", "text", "absent"});
  formula->evaluate(row);
  formula->is_true(row);
  return 0;
}
