// The door to output formats.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "dtracepp/error.h"
#include "dtracepp/record.h"
#include "report/line.h"
#include "report/output.h"
#include "symbol/symbolizer.h"

namespace dtp::report {

// Gets the schemas once, then every record in order.
class Report {
 public:
  virtual ~Report() = default;
  // The schemas outlive the report; records refer to them.
  virtual Result<void> begin(std::span<const record::EventSchema> schemas) = 0;
  virtual Result<void> record(const record::Record& record) = 0;
  virtual Result<void> end() = 0;
};

// Lines as perf script has them. Names of functions come from `symbols`, which outlives the report.
std::unique_ptr<Report> make_text(Output& output, symbol::Symbolizer& symbols, const LineOptions& options = {});
// One JSON object a line; the first one tells the schema.
std::unique_ptr<Report> make_json(Output& output, symbol::Symbolizer& symbols, const LineOptions& options = {});
// As RFC 4180 has it, with a line of names first.
std::unique_ptr<Report> make_csv(Output& output, symbol::Symbolizer& symbols, const LineOptions& options = {});

}  // namespace dtp::report
