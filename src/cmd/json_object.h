// One JSON object, written member by member: what the lists print with --format json, one a line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/escape.h"

namespace dtp::cmd {

class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value) {
    begin(name);
    base::append_json_string(out_, value);
    return *this;
  }
  JsonObject& number(std::string_view name, std::uint64_t value) { return raw(name, std::to_string(value)); }
  JsonObject& truth(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  // `value` is JSON: an object's str(), or an array of them.
  JsonObject& raw(std::string_view name, std::string_view value) {
    begin(name);
    out_ += value;
    return *this;
  }
  std::string str() const { return out_ + "}"; }

 private:
  // Names are ours: nothing in them needs to be escaped.
  void begin(std::string_view name) {
    out_ += out_.size() > 1 ? ",\"" : "\"";
    out_ += name;
    out_ += "\":";
  }

  std::string out_ = "{";
};

// "[{...},{...}]" of what `to_object` makes of each.
template <class Range, class ToObject>
std::string json_array(const Range& range, ToObject to_object) {
  std::string out = "[";
  for (const auto& one : range) {
    if (out.size() > 1) out += ',';
    out += to_object(one).str();
  }
  return out + "]";
}

}  // namespace dtp::cmd
