// What records are grouped by.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "dtracepp/record.h"

namespace dtp::report {

// "comm", "pid", "tid", "cpu", "symbol", "object", or a field of the event.
struct Key {
  enum class Kind { comm, pid, tid, cpu, symbol, object, field };
  std::string name = {};
  Kind kind = Kind::field;
};
Key parse_key(std::string_view name);
inline constexpr std::array<std::string_view, 6> key_words{"comm", "pid", "tid", "cpu", "symbol", "object"};

// The function that was hit. Empty: no stack was recorded.
struct Hit {
  std::string_view symbol = {};
  std::string_view object = {};  // the path of its file
};

// Printable; "-" of what the record has not.
std::string key_text(const Key& key, const record::Record& record, const Hit& hit);

// "libc.so.6" of "/usr/lib/libc.so.6".
std::string file_name(const std::string& path);

// None: the event has no such field.
const record::FieldSchema* find_field(const record::EventSchema& schema, std::string_view name);
// The field's value in a record of its event.
const value::Value& value_of(const record::Record& record, const record::FieldSchema& field);

}  // namespace dtp::report
