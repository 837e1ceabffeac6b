// --format, shared by all that print records or lists, and how code is named.
#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/report.h"

namespace dtp::cmd {

// Of a list.
constexpr const char* text_or_objects = "text, or json: an object a line";
// Of records.
constexpr const char* as_records = "how records are printed";
inline const std::vector<std::string> record_formats{"text", "json", "csv"};

inline void add_format_option(CLI::App& command, std::string& format, const std::string& description,
                              const std::vector<std::string>& formats = {"text", "json"}) {
  command.add_option("--format", format, description)->check(CLI::IsMember(formats))->capture_default_str();
}

inline std::unique_ptr<report::Report> make_report(const std::string& format, report::Output& output,
                                                   symbol::Symbolizer& symbols,
                                                   const report::LineOptions& options = {}) {
  if (format == "csv") return report::make_csv(output, symbols, options);
  return format == "json" ? report::make_json(output, symbols, options) : report::make_text(output, symbols, options);
}

inline void add_symbol_options(CLI::App& command, symbol::Options& options) {
  command.add_flag_callback(
      "--no-inlines", [&options] { options.with_inlines = false; }, "stacks without inlined functions: less to read");
  command.add_option("-k,--vmlinux", options.vmlinux, "the recorded kernel with its debug information")
      ->type_name("FILE");
}

}  // namespace dtp::cmd
