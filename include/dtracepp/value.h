// Values as they come out of a record, a dump or a process. "Not there" is a value with a reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace dtp::value {

struct Absent {
  std::string reason = {};  // "fault", "not recorded"
  bool operator==(const Absent&) const = default;
};

struct Value;
using Bytes = std::vector<std::byte>;
using Array = std::vector<Value>;

// Text is raw: untrusted bytes of the traced system. Reports escape it.
struct Value {
  std::variant<Absent, std::uint64_t, std::int64_t, std::string, Bytes, Array> of = {};
  bool operator==(const Value&) const = default;
};

}  // namespace dtp::value
