// Values as text shows them.
#pragma once

#include <string>

#include "dtracepp/record.h"

namespace dtp::report {

// Numbers are decimal or hex as the kernel's print format has them, strings quoted, characters in single quotes, arrays
// in braces, truth 1 or 0, bytes without a meaning in hex. What could not be read is its reason in parentheses.
// Nothing of the traced system reaches the terminal unescaped.
void append_value(std::string& out, const value::Value& value, const record::FieldSchema& field);

}  // namespace dtp::report
