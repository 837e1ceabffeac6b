// A tracepoint as a place for a probe: instead of variables it has fields, which its format file names.
#pragma once

#include <string>
#include <vector>

#include "dtracepp/display.h"
#include "dtracepp/error.h"
#include "dtracepp/path.h"
#include "expr/ast.h"
#include "lower/target.h"

namespace dtp::lower {

struct TracepointField {
  enum class Kind {
    number,  // `size` bytes
    text,    // characters within the record
    block,   // anything else, which an event probe reads by its first eight bytes at most
  };
  std::string name = {};
  std::string c_type = {};  // as the format file has it: "const char *"
  Kind kind = Kind::number;
  int size = 0;
  path::Form form = path::Form::unsigned_;  // number: signed_, unsigned_ or hex
  path::Display display = path::Display::none;
};

struct Tracepoint {
  std::string system = {};
  std::string name = {};
  std::vector<TracepointField> fields = {};
};

// The spot of a request at a tracepoint.
Result<Spot> find_tracepoint(const expr::ProbePoint& point, const Target& target);

// rawtracepoint:NAME, of which the arguments are read and not what it records. The kernel calls what listens to it from
// a function __traceiter_NAME(void *__data, arguments...), by which debug information knows them.
inline constexpr std::string_view raw_provider = "rawtracepoint";
Result<Spot> find_raw_tracepoint(const expr::ProbePoint& point, const Target& target);
Result<void> use_raw_tracepoint(path::Point& point, const expr::Request& request, const arch::Arch& arch);

// All fields that an event probe can read whole: $params and $vars.
std::vector<const TracepointField*> readable_fields(const Tracepoint& tracepoint);

}  // namespace dtp::lower
