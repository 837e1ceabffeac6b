// A line as perf script prints it:
//
//               bash  1234 [001]  5123.123456: probe:vfs_read: (ffffffff81350200) name="passwd"
//   comm, 16 columns; thread; cpu; seconds; event, as wide as the longest; the probe's address; fields
//
// Numbers are decimal or hex as the kernel's print format has them, strings quoted, characters in single
// quotes, arrays in braces, truth 1 or 0, bytes without a meaning in hex. What could not be read is its
// reason in parentheses. Nothing of the traced system reaches the terminal unescaped.
#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/escape.h"
#include "report/address.h"
#include "report/number.h"
#include "report/report.h"

namespace dtp::report {
namespace {

// What does not change from record to record.
struct Line {
  std::string event = {};                // "  probe:vfs_read: "
  std::vector<std::string> labels = {};  // " name="
};

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

class Text final : public Report {
 public:
  explicit Text(Output& output) : output_(output) {}

  Result<void> begin(std::span<const record::EventSchema> schemas) override {
    std::size_t width = 0;
    for (const auto& schema : schemas) width = std::max(width, schema.group.size() + 1 + schema.event.size());
    for (const auto& schema : schemas) {
      Line& line = lines_[&schema];
      const std::string name = schema.group + ":" + schema.event;
      line.event = std::string(width - name.size(), ' ') + base::escape(name) + ":";
      for (const auto& field : schema.fields) line.labels.push_back(" " + base::escape(field.name) + "=");
    }
    return {};
  }

  Result<void> record(const record::Record& record) override {
    std::string& out = output_.buffer();
    append_origin(out, record);
    const Line& line = line_of(*record.schema);
    out += line.event;
    append_place(out, record);
    const auto& fields = record.schema->fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      out += line.labels[i];
      const auto kind = fields[i].kind == record::FieldKind::array ? fields[i].element : fields[i].kind;
      append_text(out, record.values[i], kind, fields[i].display);
    }
    out += '\n';
    return output_.line_done();
  }

  Result<void> end() override { return output_.flush(); }

 private:
  const Line& line_of(const record::EventSchema& schema) {
    if (last_schema_ != &schema) {
      last_schema_ = &schema;
      last_line_ = &lines_[&schema];
    }
    return *last_line_;
  }

  static void append_origin(std::string& out, const record::Record& record) {
    const std::size_t start = out.size();
    base::append_escaped(out, record.comm);
    const std::size_t length = out.size() - start;
    if (length < 16) out.insert(start, 16 - length, ' ');
    out += ' ';
    append_decimal(out, record.tid, 5);
    out += " [";
    append_zeros(out, record.cpu, record.cpu < 1000 ? 3 : 10);
    out += "] ";
    append_decimal(out, record.time_ns / 1'000'000'000, 5);
    out += '.';
    append_zeros(out, record.time_ns % 1'000'000'000 / 1000, 6);
    out += ": ";
  }

  static void append_place(std::string& out, const record::Record& record) {
    if (!record.schema->is_probe) return;
    out += " (";
    append_hex(out, record.ip);
    if (record.schema->is_return) {
      out += " <- ";
      append_hex(out, record.return_ip);
    }
    out += ')';
  }

  Output& output_;
  std::unordered_map<const record::EventSchema*, Line> lines_ = {};
  const record::EventSchema* last_schema_ = nullptr;
  const Line* last_line_ = nullptr;
};

}  // namespace

std::unique_ptr<Report> make_text(Output& output) { return std::make_unique<Text>(output); }

}  // namespace dtp::report
