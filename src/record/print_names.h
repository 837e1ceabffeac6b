// What the `print fmt:` line of a format file calls the numbers of a field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dtp::record {

struct PrintNames {
  bool are_flags = false;  // of bits, else of single numbers
  std::vector<std::pair<std::uint64_t, std::string>> names = {};
  bool operator==(const PrintNames&) const = default;
};

// Of the text of a format file. Nothing: the field is not printed by names.
PrintNames print_names(std::string_view format, std::string_view field);

}  // namespace dtp::record
