// Text to tree: probe points, arguments, whole requests.
#pragma once

#include <string>
#include <string_view>

#include "dtracepp/error.h"
#include "expr/ast.h"

namespace dtp::expr {

// One point, without arguments: "fs:myread=vfs_read@read_write.c+4".
Result<ProbePoint> parse_point(std::string_view text);

// One argument; `number` (from 1) labels its errors: "argument 2".
Result<ProbeArgument> parse_argument(std::string_view text, std::size_t number);

// A point and its arguments, separated by blanks. Every argument is checked before stopping.
Result<Request> parse_request(std::string_view text);

// The tree as an S-expression, for tests and traces: "(member -> (name file) f_path)".
std::string print(const Tree& tree);

}  // namespace dtp::expr
