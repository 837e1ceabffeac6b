// --format, shared by all that print records or lists, and how code is named.
#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

#include "report/report.h"

namespace dtp::cmd {

// Of a list.
constexpr const char* text_or_objects = "text, or json: an object a line";

inline void add_format_option(CLI::App& command, std::string& format, const std::string& description) {
  command.add_option("--format", format, description)->check(CLI::IsMember({"text", "json"}))->capture_default_str();
}

inline std::unique_ptr<report::Report> make_report(const std::string& format, report::Output& output,
                                                   symbol::Symbolizer& symbols) {
  return format == "json" ? report::make_json(output, symbols) : report::make_text(output, symbols);
}

inline void add_symbol_options(CLI::App& command, symbol::Options& options) {
  command.add_flag("!--no-inlines", options.with_inlines, "stacks without inlined functions: less to read");
  command.add_option("-k,--vmlinux", options.vmlinux, "the recorded kernel with its debug information")
      ->type_name("FILE");
}

}  // namespace dtp::cmd
