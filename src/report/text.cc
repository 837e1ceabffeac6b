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
#include "report/number.h"
#include "report/report.h"
#include "report/value_text.h"
#include "symbol/stacks.h"

namespace dtp::report {
namespace {

const std::vector<Column>& usual_columns() {
  using Kind = Column::Kind;
  static const std::vector<Column> columns{{Kind::comm},  {Kind::tid}, {Kind::cpu},    {Kind::time},
                                           {Kind::event}, {Kind::ip},  {Kind::fields}, {Kind::stack}};
  return columns;
}

// What does not change from record to record.
struct Part {
  Step step = {};
  std::string before = {};  // " name=", the blank between columns; of an event all that it prints
};
struct Line {
  std::vector<Part> parts = {};
  bool with_stack = false;
};

class Text final : public Report {
 public:
  Text(Output& output, symbol::Symbolizer& symbols, const LineOptions& options)
      : output_(output), symbols_(symbols), options_(options), times_(options) {
    if (options_.columns.empty()) options_.columns = usual_columns();
  }

  Result<void> begin(std::span<const record::EventSchema> schemas) override {
    std::size_t width = 0;
    for (const auto& schema : schemas) width = std::max(width, schema.group.size() + 1 + schema.event.size());
    for (const auto& schema : schemas) {
      const std::string name = schema.group + ":" + schema.event;
      lines_[&schema] = make_line(schema, std::string(width - name.size(), ' ') + base::escape(name) + ":");
    }
    return {};
  }

  Result<void> record(const record::Record& record) override {
    std::string& out = output_.buffer();
    const Line& line = line_of(*record.schema);
    const std::uint64_t time_ns = times_.shown(record.time_ns);
    for (const Part& part : line.parts) {
      out += part.before;
      append_part(out, part.step, record, time_ns);
    }
    out += '\n';
    if (line.with_stack && record.stack.is_recorded()) append_stack(out, record.stack);
    return output_.line_done();
  }

  Result<void> end() override { return output_.flush(); }

 private:
  Line make_line(const record::EventSchema& schema, const std::string& event) const {
    Line line;
    for (const Step& step : make_steps(options_.columns, schema)) {
      if (step.kind == Column::Kind::stack) {
        line.with_stack = true;
        continue;
      }
      std::string before = line.parts.empty() ? "" : " ";
      if (step.kind == Column::Kind::event) before += event;
      if (step.kind == Column::Kind::field) before += base::escape(step.field->name) + "=";
      line.parts.push_back({step, std::move(before)});
    }
    return line;
  }

  const Line& line_of(const record::EventSchema& schema) {
    if (last_schema_ != &schema) {
      last_schema_ = &schema;
      last_line_ = &lines_[&schema];
    }
    return *last_line_;
  }

  void append_stack(std::string& out, const record::Stack& stack) {
    const auto& frames = stacks_.resolve(stack);
    for (const record::Frame& frame : frames) {
      if (frame.module == nullptr) {
        append_address_column(out, frame.address);
        out += "[unknown]\n";
        continue;
      }
      for (const symbol::Name& name : symbols_.names(frame)) append_frame(out, frame, name);
    }
    out += '\n';
  }

  static void append_address_column(std::string& out, std::uint64_t address) {
    constexpr std::size_t width = 24;
    const std::size_t start = out.size();
    append_hex(out, address);
    out.insert(start, width - std::min(width, out.size() - start), ' ');
    out += ' ';
  }

  // "[libx.so+0x1234]": what can be looked up where the file is.
  static void append_place(std::string& out, const record::Frame& frame) {
    if (frame.is_kernel) {
      out += "[unknown]";
      return;
    }
    const std::string& path = frame.module->path;
    out += '[';
    base::append_escaped(out, std::string_view(path).substr(path.rfind('/') + 1));
    out += "+0x";
    append_hex(out, frame.offset + (frame.is_call ? 1 : 0));
    out += ']';
  }

  static void append_frame(std::string& out, const record::Frame& frame, const symbol::Name& name) {
    append_address_column(out, frame.address);
    if (name.function.empty()) {
      append_place(out, frame);
    } else {
      base::append_escaped(out, name.function);
    }
    if (!name.function.empty() && !name.is_inlined) {
      out += "+0x";
      append_hex(out, name.offset + (frame.is_call ? 1 : 0));
    }
    out += " (";
    base::append_escaped(out, name.is_inlined ? "inlined" : frame.module->path);
    out += ")\n";
  }

  void append_part(std::string& out, const Step& step, const record::Record& record, std::uint64_t time_ns) {
    switch (step.kind) {
      case Column::Kind::comm: return append_comm(out, record.comm);
      case Column::Kind::pid: return append_decimal(out, record.pid, 5);
      case Column::Kind::tid: return append_decimal(out, record.tid, 5);
      case Column::Kind::cpu:
        out += '[';
        append_zeros(out, record.cpu, record.cpu < 1000 ? 3 : 10);
        out += ']';
        return;
      case Column::Kind::time: return append_time(out, time_ns);
      case Column::Kind::ip: return append_place(out, record);
      case Column::Kind::field: return append_value(out, record.values[step.place], *step.field);
      case Column::Kind::event:
      case Column::Kind::fields:
      case Column::Kind::stack: return;
    }
  }

  static void append_comm(std::string& out, const std::string& comm) {
    const std::size_t start = out.size();
    base::append_escaped(out, comm);
    const std::size_t length = out.size() - start;
    if (length < 16) out.insert(start, 16 - length, ' ');
  }

  void append_time(std::string& out, std::uint64_t time_ns) {
    if (options_.times == Times::wall) {
      wall_.append(out, time_ns, 6);
    } else {
      append_decimal(out, time_ns / 1'000'000'000, 5);
      out += '.';
      append_zeros(out, time_ns % 1'000'000'000 / 1000, 6);
    }
    out += ':';
  }

  static void append_place(std::string& out, const record::Record& record) {
    out += '(';
    append_hex(out, record.ip);
    if (record.schema->is_return) {
      out += " <- ";
      append_hex(out, record.return_ip);
    }
    out += ')';
  }

  Output& output_;
  symbol::Symbolizer& symbols_;
  LineOptions options_;
  LineTimes times_;
  WallText wall_ = {};
  symbol::Stacks stacks_ = {};
  std::unordered_map<const record::EventSchema*, Line> lines_ = {};
  const record::EventSchema* last_schema_ = nullptr;
  const Line* last_line_ = nullptr;
};

}  // namespace

std::unique_ptr<Report> make_text(Output& output, symbol::Symbolizer& symbols, const LineOptions& options) {
  return std::make_unique<Text>(output, symbols, options);
}

}  // namespace dtp::report
