// The text after the colon of an argument: how the value is to be read and shown.
#pragma once

#include <optional>
#include <string_view>

#include "dtracepp/error.h"
#include "dtracepp/path.h"

namespace dtp::lower {

struct TypeSpec {
  path::Read read = {};
  path::Display display = path::Display::none;
  bool size_from_type = false;  // "u", "s", "x": bits come from the C type
  bool operator==(const TypeSpec&) const = default;
};

// "u8".."x64", "u", "s", "x", "char", "string", "ustring", "symbol", "symstr", "bW@O/S", "T[N]",
// "ip4", "ip6", "port", "mac". The error's place, if it has one, is within `text`.
Result<TypeSpec> parse_type_spec(std::string_view text);

}  // namespace dtp::lower
