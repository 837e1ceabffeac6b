#include "report/value_text.h"

#include "base/escape.h"
#include "report/address.h"
#include "report/number.h"

namespace dtp::report {
namespace {

void append_text(std::string& out, const value::Value& value, record::FieldKind kind, path::Display display);

void append_number(std::string& out, std::uint64_t number, record::FieldKind kind, path::Display display) {
  if (kind == record::FieldKind::character) {
    const char character = static_cast<char>(number);
    out += '\'';
    base::append_escaped(out, {&character, 1});
    out += '\'';
  } else if (kind == record::FieldKind::hex && display == path::Display::none) {
    out += "0x";
    append_hex(out, number);
  } else if (display == path::Display::boolean) {
    out += number != 0 ? '1' : '0';
  } else {
    append_decimal(out, number);
  }
}

struct Appender {
  std::string& out;
  record::FieldKind kind;
  path::Display display;

  void operator()(const value::Absent& absent) const {
    out += '(';
    out += absent.reason;
    out += ')';
  }
  void operator()(std::uint64_t number) const { append_number(out, number, kind, display); }
  void operator()(std::int64_t number) const { append_signed(out, number); }
  void operator()(const std::string& text) const {
    out += '"';
    base::append_escaped(out, text);
    out += '"';
  }
  void operator()(const value::Bytes& bytes) const { append_bytes(out, bytes); }
  void operator()(const value::Array& array) const {
    out += '{';
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (i > 0) out += ',';
      append_text(out, array[i], kind, display);
    }
    out += '}';
  }
};

void append_text(std::string& out, const value::Value& value, record::FieldKind kind, path::Display display) {
  if (display != path::Display::none && append_address(out, display, value)) return;
  std::visit(Appender{out, kind, display}, value.of);
}

}  // namespace

void append_value(std::string& out, const value::Value& value, const record::FieldSchema& field) {
  const auto kind = field.kind == record::FieldKind::array ? field.element : field.kind;
  append_text(out, value, kind, field.display);
}

}  // namespace dtp::report
