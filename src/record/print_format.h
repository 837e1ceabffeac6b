// The `print fmt:` line of a format file: how the kernel shows each field.
#pragma once

#include <string_view>
#include <vector>

namespace dtp::record {

// One conversion and the argument that it prints.
struct Conversion {
  char letter = 0;                 // of printf(3): 'd', 'x', 's', 'p', 'c'
  std::string_view pointer = {};   // what follows %p: "I4", "I6c", "M", "S"
  std::string_view argument = {};  // "REC->size"
  bool operator==(const Conversion&) const = default;
};

// The text after "print fmt: ". Stops quietly at what it does not understand.
std::vector<Conversion> parse_print_format(std::string_view text);

// The one field that an argument shows as it is: "size" of "((unsigned long)(REC->size))". Empty for
// expressions of several fields, conditions and the like, whose number is not the field's own.
std::string_view shown_field(std::string_view argument);

}  // namespace dtp::record
