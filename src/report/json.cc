// One JSON object a line. The first tells what follows:
//
//   {"schema":1,"time":"ns","events":[{"event":"probe:tcp_sendmsg","probe":"entry","fields":[
//     {"name":"size","kind":"unsigned","type":"u64"},{"name":"dest","kind":"unsigned","type":"u32","display":"ip4"}]}]}
//   {"time":5123123456789,"event":"probe:tcp_sendmsg","comm":"curl","pid":7,"tid":7,"cpu":1,
//    "ip":18446744071580553728,"fields":{"size":120,"dest":"127.0.0.1"},
//    "stack":[{"address":...,"module":"/usr/bin/curl","function":"main","file":"main.c","line":7}]}
//
// A frame without a function has the offset in its module's file. Numbers are numbers, also those that text shows in
// hex; addresses and bytes (in hex) are strings; truth is true or false. What could not be read is null.
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/escape.h"
#include "report/address.h"
#include "report/number.h"
#include "report/report.h"
#include "symbol/stacks.h"

namespace dtp::report {
namespace {

std::string_view kind_name(record::FieldKind kind) {
  using record::FieldKind;
  switch (kind) {
    case FieldKind::unsigned_: return "unsigned";
    case FieldKind::signed_: return "signed";
    case FieldKind::hex: return "hex";
    case FieldKind::character: return "character";
    case FieldKind::string: return "string";
    case FieldKind::bytes: return "bytes";
    case FieldKind::array: return "array";
  }
  return "";
}

std::string quoted(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

std::string describe_field(const record::FieldSchema& field) {
  std::string out = "{\"name\":" + quoted(field.name) + ",\"kind\":" + quoted(kind_name(field.kind));
  if (field.kind == record::FieldKind::array) out += ",\"of\":" + quoted(kind_name(field.element));
  out += ",\"type\":" + quoted(field.c_type);
  if (field.display != path::Display::none) out += ",\"display\":" + quoted(path::name_of(field.display));
  return out + "}";
}

std::string describe_event(const record::EventSchema& schema) {
  std::string out = "{\"event\":" + quoted(schema.group + ":" + schema.event);
  if (schema.is_probe) out += schema.is_return ? ",\"probe\":\"return\"" : ",\"probe\":\"entry\"";
  out += ",\"fields\":[";
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    if (i > 0) out += ',';
    out += describe_field(schema.fields[i]);
  }
  return out + "]}";
}

void append_json(std::string& out, const value::Value& value, record::FieldKind kind, path::Display display);

struct Appender {
  std::string& out;
  record::FieldKind kind;
  path::Display display;

  void operator()(const value::Absent&) const { out += "null"; }
  void operator()(std::uint64_t number) const {
    if (kind == record::FieldKind::character) {
      const char character = static_cast<char>(number);
      base::append_json_string(out, {&character, 1});
    } else if (display == path::Display::boolean) {
      out += number != 0 ? "true" : "false";
    } else {
      append_decimal(out, number);
    }
  }
  void operator()(std::int64_t number) const { append_signed(out, number); }
  void operator()(const std::string& text) const { base::append_json_string(out, text); }
  void operator()(const value::Bytes& bytes) const {
    out += '"';
    append_bytes(out, bytes);
    out += '"';
  }
  void operator()(const value::Array& array) const {
    out += '[';
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (i > 0) out += ',';
      append_json(out, array[i], kind, display);
    }
    out += ']';
  }
};

void append_json(std::string& out, const value::Value& value, record::FieldKind kind, path::Display display) {
  if (display != path::Display::none) {
    const std::size_t start = out.size();
    out += '"';
    if (append_address(out, display, value)) {
      out += '"';
      return;
    }
    out.resize(start);
  }
  std::visit(Appender{out, kind, display}, value.of);
}

// What does not change from record to record.
struct Line {
  std::string event = {};  // ",\"event\":\"probe:vfs_read\""
  std::vector<Step> fields = {};
  std::vector<std::string> labels = {};  // of the fields: "\"name\":", from the second on with a comma in front
};

std::string_view clock_name(Times times) {
  switch (times) {
    case Times::recorded: return "";
    case Times::wall: return "wall";
    case Times::relative: return "relative";
    case Times::delta: return "delta";
  }
  return "";
}

class Json final : public Report {
 public:
  Json(Output& output, symbol::Symbolizer& symbols, const LineOptions& options)
      : output_(output), symbols_(symbols), options_(options), times_(options) {
    for (const Column& column : options_.columns) {
      const bool is_field = column.kind == Column::Kind::field;
      wanted_ |= 1U << static_cast<unsigned>(is_field ? Column::Kind::fields : column.kind);
    }
  }

  Result<void> begin(std::span<const record::EventSchema> schemas) override {
    std::string& out = output_.buffer();
    out += "{\"schema\":1,\"time\":\"ns\",";
    if (options_.times != Times::recorded) out += "\"clock\":" + quoted(clock_name(options_.times)) + ",";
    out += "\"events\":[";
    for (std::size_t i = 0; i < schemas.size(); ++i) {
      if (i > 0) out += ',';
      out += describe_event(schemas[i]);
      lines_[&schemas[i]] = make_line(schemas[i]);
    }
    out += "]}\n";
    return output_.line_done();
  }

  Result<void> record(const record::Record& record) override {
    using Kind = Column::Kind;
    std::string& out = output_.buffer();
    const record::EventSchema& schema = *record.schema;
    const Line& line = lines_[&schema];
    const std::uint64_t time_ns = times_.shown(record.time_ns);
    const std::size_t start = out.size();
    const auto append_member = [&](Kind kind, std::string_view name, std::uint64_t number) {
      if (!has(kind)) return;
      out += name;
      append_decimal(out, number);
    };
    append_member(Kind::time, ",\"time\":", time_ns);
    if (has(Kind::event)) out += line.event;
    if (has(Kind::comm)) {
      out += ",\"comm\":";
      base::append_json_string(out, record.comm);
    }
    append_member(Kind::pid, ",\"pid\":", record.pid);
    append_member(Kind::tid, ",\"tid\":", record.tid);
    append_member(Kind::cpu, ",\"cpu\":", record.cpu);
    if (schema.is_probe) append_member(Kind::ip, ",\"ip\":", record.ip);
    if (schema.is_return) append_member(Kind::ip, ",\"return_ip\":", record.return_ip);
    if (has(Kind::fields)) append_fields(out, line, record);
    if (has(Kind::stack) && record.stack.is_recorded()) append_stack(out, record.stack);
    if (out.size() == start) out += ',';
    out[start] = '{';
    out += "}\n";
    return output_.line_done();
  }

  Result<void> end() override { return output_.flush(); }

 private:
  Line make_line(const record::EventSchema& schema) {
    Line line{.event = ",\"event\":" + quoted(schema.group + ":" + schema.event)};
    const std::vector<Column> all{{Column::Kind::fields}};
    for (const Step& step : make_steps(options_.columns.empty() ? all : options_.columns, schema)) {
      if (step.kind != Column::Kind::field) continue;
      line.labels.push_back((line.labels.empty() ? "" : ",") + quoted(step.field->name) + ":");
      line.fields.push_back(step);
    }
    return line;
  }

  // Single fields are members of "fields", too.
  bool has(Column::Kind kind) const {
    return options_.columns.empty() || (wanted_ >> static_cast<unsigned>(kind) & 1) != 0;
  }

  static void append_fields(std::string& out, const Line& line, const record::Record& record) {
    out += ",\"fields\":{";
    for (std::size_t i = 0; i < line.fields.size(); ++i) {
      const record::FieldSchema& field = *line.fields[i].field;
      out += line.labels[i];
      const auto kind = field.kind == record::FieldKind::array ? field.element : field.kind;
      append_json(out, record.values[line.fields[i].place], kind, field.display);
    }
    out += '}';
  }

  // Inlined functions share the address of the one that they are in.
  void append_stack(std::string& out, const record::Stack& stack) {
    const auto& frames = stacks_.resolve(stack);
    out += ",\"stack\":[";
    for (const record::Frame& frame : frames) {
      for (const symbol::Name& name : symbols_.names(frame)) {
        append_frame(out, frame, name);
        out += ',';
      }
    }
    out.back() = ']';
  }

  static void append_frame(std::string& out, const record::Frame& frame, const symbol::Name& name) {
    out += "{\"address\":";
    append_decimal(out, frame.address);
    const auto append_member = [&](std::string_view key, std::string_view text) {
      if (text.empty()) return;
      out += key;
      base::append_json_string(out, text);
    };
    append_member(",\"module\":", frame.module == nullptr ? "" : frame.module->path);
    append_member(",\"function\":", name.function);
    if (name.function.empty() && frame.module != nullptr && !frame.is_kernel) {
      out += ",\"offset\":";
      append_decimal(out, frame.offset + (frame.is_call ? 1 : 0));
    }
    append_member(",\"file\":", name.file);
    if (name.line != 0) {
      out += ",\"line\":";
      append_decimal(out, name.line);
    }
    if (name.is_inlined) out += ",\"inlined\":true";
    out += '}';
  }

  Output& output_;
  symbol::Symbolizer& symbols_;
  LineOptions options_;
  LineTimes times_;
  unsigned wanted_ = 0;  // a bit for each Column::Kind
  symbol::Stacks stacks_ = {};
  std::unordered_map<const record::EventSchema*, Line> lines_ = {};
};

}  // namespace

std::unique_ptr<Report> make_json(Output& output, symbol::Symbolizer& symbols, const LineOptions& options) {
  return std::make_unique<Json>(output, symbols, options);
}

}  // namespace dtp::report
