#include "report/key.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/escape.h"
#include "report/number.h"
#include "report/value_text.h"

namespace dtp::report {
namespace {

constexpr std::array<std::pair<std::string_view, Key::Kind>, 8> known_keys{{
    {"comm", Key::Kind::comm},
    {"pid", Key::Kind::pid},
    {"tid", Key::Kind::tid},
    {"cpu", Key::Kind::cpu},
    {"symbol", Key::Kind::symbol},
    {"sym", Key::Kind::symbol},
    {"object", Key::Kind::object},
    {"dso", Key::Kind::object},
}};

std::string number_text(std::uint64_t number) {
  std::string text;
  append_decimal(text, number);
  return text;
}

// A string without its quotes: keys stand in columns.
std::string field_text(const value::Value& value, const record::FieldSchema& field) {
  if (const auto* text = std::get_if<std::string>(&value.of)) return base::escape(*text);
  std::string text;
  append_value(text, value, field);
  return text;
}

}  // namespace

Key parse_key(std::string_view name) {
  const auto known = std::ranges::find(known_keys, name, &std::pair<std::string_view, Key::Kind>::first);
  return {std::string(name), known == known_keys.end() ? Key::Kind::field : known->second};
}

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

const record::FieldSchema* find_field(const record::EventSchema& schema, std::string_view name) {
  const auto at = std::ranges::find(schema.fields, name, &record::FieldSchema::name);
  return at == schema.fields.end() ? nullptr : &*at;
}

const value::Value& value_of(const record::Record& record, const record::FieldSchema& field) {
  return record.values[static_cast<std::size_t>(&field - record.schema->fields.data())];
}

std::string key_text(const Key& key, const record::Record& record, const Hit& hit) {
  switch (key.kind) {
    case Key::Kind::comm: return base::escape(record.comm);
    case Key::Kind::pid: return number_text(record.pid);
    case Key::Kind::tid: return number_text(record.tid);
    case Key::Kind::cpu: return number_text(record.cpu);
    case Key::Kind::symbol: return hit.symbol.empty() ? "-" : base::escape(hit.symbol);
    case Key::Kind::object: return hit.symbol.empty() ? "-" : base::escape(file_name(std::string(hit.object)));
    case Key::Kind::field: break;
  }
  const record::FieldSchema* field = find_field(*record.schema, key.name);
  return field == nullptr ? "-" : field_text(value_of(record, *field), *field);
}

}  // namespace dtp::report
