// Comma-separated values as RFC 4180 has them: a line of names, then one for each record, ended by CR and LF.
//
//   time,event,comm,pid,tid,cpu,ip,size,dest,text
//   5123.123456789,probe:tcp_sendmsg,curl,7,7,1,0xffffffff81350200,120,127.0.0.1,"hello, world"
//
// Values are as text shows them, strings without their quotes. A cell is empty when the event has no such field or
// the value could not be read; an empty string is "".
#include <algorithm>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/escape.h"
#include "report/csv_cell.h"
#include "report/number.h"
#include "report/profile.h"
#include "report/report.h"
#include "report/value_text.h"
#include "symbol/stacks.h"

namespace dtp::report {
namespace {

// `fields` stands for every field of every event.
std::vector<Column> expand(const std::vector<Column>& columns, std::span<const record::EventSchema> schemas) {
  std::vector<Column> expanded;
  for (const Column& column : columns) {
    if (column.kind != Column::Kind::fields) {
      expanded.push_back(column);
      continue;
    }
    for (const record::EventSchema& schema : schemas) {
      for (const record::FieldSchema& field : schema.fields) {
        const Column one{Column::Kind::field, field.name};
        if (std::ranges::find(expanded, one) == expanded.end()) expanded.push_back(one);
      }
    }
  }
  return expanded;
}

std::string heading(const Column& column) {
  const bool is_word = std::ranges::find(column_words, column.name) != column_words.end();
  return column.kind == Column::Kind::field && is_word ? "fields." + column.name : column.name;
}

class Csv final : public Report {
 public:
  Csv(Output& output, symbol::Symbolizer& symbols, const LineOptions& options)
      : output_(output), symbols_(symbols), options_(options), times_(options) {
    if (!options_.columns.empty()) return;
    for (const std::string_view word : {"time", "event", "comm", "pid", "tid", "cpu", "ip", "fields"})
      options_.columns.push_back(parse_column(word));
  }

  Result<void> begin(std::span<const record::EventSchema> schemas) override {
    std::string& out = output_.buffer();
    options_.columns = expand(options_.columns, schemas);
    for (const Column& column : options_.columns) {
      append_csv_cell(out, base::escape(heading(column)));
      out += ',';
    }
    for (const record::EventSchema& schema : schemas) {
      Line& line = lines_[&schema];
      append_csv_cell(line.event, base::escape(schema.group + ":" + schema.event));
      for (const Column& column : options_.columns)
        line.fields.push_back(column.kind == Column::Kind::field ? find_field(schema, column.name) : nullptr);
    }
    return end_line(out);
  }

  Result<void> record(const record::Record& record) override {
    std::string& out = output_.buffer();
    const Line& line = lines_[record.schema];
    const std::uint64_t time_ns = times_.shown(record.time_ns);
    for (std::size_t i = 0; i < options_.columns.size(); ++i) {
      switch (options_.columns[i].kind) {
        case Column::Kind::comm: append_printable(out, record.comm); break;
        case Column::Kind::pid: append_decimal(out, record.pid); break;
        case Column::Kind::tid: append_decimal(out, record.tid); break;
        case Column::Kind::cpu: append_decimal(out, record.cpu); break;
        case Column::Kind::time: append_time(out, time_ns); break;
        case Column::Kind::event: out += line.event; break;
        case Column::Kind::ip: append_place(out, record); break;
        case Column::Kind::stack: append_stack(out, record.stack); break;
        case Column::Kind::field: append_field(out, line.fields[i], record); break;
        case Column::Kind::fields: break;  // they are expanded
      }
      out += ',';
    }
    return end_line(out);
  }

  Result<void> end() override { return output_.flush(); }

 private:
  struct Line {
    std::string event = {};
    std::vector<const record::FieldSchema*> fields = {};  // of each column; none: the event has it not
  };

  // In the place of the last comma.
  Result<void> end_line(std::string& out) {
    if (!out.empty() && out.back() == ',') out.pop_back();
    out += "\r\n";
    return output_.line_done();
  }

  void append_printable(std::string& out, std::string_view text) {
    if (text.empty()) {
      out += "\"\"";
      return;
    }
    cell_.clear();
    base::append_escaped(cell_, text);
    append_csv_cell(out, cell_);
  }

  void append_time(std::string& out, std::uint64_t time_ns) {
    if (options_.times == Times::wall) return wall_.append(out, time_ns, 9);
    append_decimal(out, time_ns / 1'000'000'000);
    out += '.';
    append_zeros(out, time_ns % 1'000'000'000, 9);
  }

  static void append_place(std::string& out, const record::Record& record) {
    if (!record.schema->is_probe) return;
    out += "0x";
    append_hex(out, record.ip);
  }

  void append_field(std::string& out, const record::FieldSchema* field, const record::Record& record) {
    if (field == nullptr) return;
    const value::Value& value = value_of(record, *field);
    if (std::holds_alternative<value::Absent>(value.of)) return;
    if (const auto* text = std::get_if<std::string>(&value.of)) return append_printable(out, *text);
    cell_.clear();
    append_value(cell_, value, *field);
    append_csv_cell(out, cell_);
  }

  // As flame graph programs read it: outermost first, with ';' between.
  void append_stack(std::string& out, const record::Stack& stack) {
    if (!stack.is_recorded()) return;
    std::string text;
    const auto& frames = stacks_.resolve(stack);
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
      const auto& names = symbols_.names(*frame);
      for (auto name = names.rbegin(); name != names.rend(); ++name)
        text += base::escape(function_name(*frame, *name)) + ";";
    }
    if (!text.empty()) text.pop_back();
    append_csv_cell(out, text);
  }

  Output& output_;
  symbol::Symbolizer& symbols_;
  LineOptions options_;
  LineTimes times_;
  WallText wall_ = {};
  symbol::Stacks stacks_ = {};
  std::unordered_map<const record::EventSchema*, Line> lines_ = {};
  std::string cell_ = {};
};

}  // namespace

std::unique_ptr<Report> make_csv(Output& output, symbol::Symbolizer& symbols, const LineOptions& options) {
  return std::make_unique<Csv>(output, symbols, options);
}

}  // namespace dtp::report
