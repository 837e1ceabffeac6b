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

// What does not change from record to record.
struct Line {
  std::string event = {};                // "  probe:vfs_read: "
  std::vector<std::string> labels = {};  // " name="
};

class Text final : public Report {
 public:
  Text(Output& output, symbol::Symbolizer& symbols) : output_(output), symbols_(symbols) {}

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
      append_value(out, record.values[i], fields[i]);
    }
    out += '\n';
    if (record.stack.is_recorded()) append_stack(out, record.stack);
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

  void append_stack(std::string& out, const record::Stack& stack) {
    const auto& frames = stacks_.resolve(stack);
    for (const record::Frame& frame : frames) {
      if (frame.module == nullptr) {
        append_address_column(out, frame.address);
        out += "[unknown]\n";
        continue;
      }
      for (const symbol::Name& name : symbols_.names(*frame.module, frame.offset)) append_frame(out, frame, name);
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

  static void append_frame(std::string& out, const record::Frame& frame, const symbol::Name& name) {
    append_address_column(out, frame.address);
    base::append_escaped(out, name.function.empty() ? "[unknown]" : name.function);
    if (!name.function.empty() && !name.is_inlined) {
      out += "+0x";
      append_hex(out, name.offset + (frame.is_call ? 1 : 0));
    }
    out += " (";
    base::append_escaped(out, name.is_inlined ? "inlined" : frame.module->path);
    out += ")\n";
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
  symbol::Symbolizer& symbols_;
  symbol::Stacks stacks_ = {};
  std::unordered_map<const record::EventSchema*, Line> lines_ = {};
  const record::EventSchema* last_schema_ = nullptr;
  const Line* last_line_ = nullptr;
};

}  // namespace

std::unique_ptr<Report> make_text(Output& output, symbol::Symbolizer& symbols) {
  return std::make_unique<Text>(output, symbols);
}

}  // namespace dtp::report
