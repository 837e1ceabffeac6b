// Aligned columns for lists.
#pragma once

#include <string>
#include <vector>

namespace dtp::cmd {

// One line a row, columns two blanks apart, no blanks at the ends of lines. Cells are escaped.
std::string format_columns(const std::vector<std::vector<std::string>>& rows, const std::string& indent);

}  // namespace dtp::cmd
