// Rows in columns, as report and stats print them:
//
//   # comm  Count    Sum
//   # ....  .....  .....
//   #
//     cat     117  14976
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "report/distribution.h"
#include "report/output.h"
#include "report/units.h"

namespace dtp::report {

using TextRow = std::vector<std::string>;  // printable

// In columns of the terminal, of text that is valid UTF-8.
std::size_t width_of(std::string_view text);

// `is_number[i]`: column i stands to the right. `below[i]` are lines that stand below row i; there may be none at all.
Result<void> write_table(Output& output, const TextRow& names, const std::vector<TextRow>& rows,
                         const std::vector<bool>& is_number, const std::vector<std::vector<std::string>>& below = {});

// A line for each power of two, with a bar.
Result<void> write_histogram(Output& output, const Distribution& values, Unit unit);

// One line.
Result<void> write_line(Output& output, std::string_view text);

}  // namespace dtp::report
