// --format, shared by script and trace.
#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

#include "report/report.h"

namespace dtp::cmd {

inline void add_format_option(CLI::App& command, std::string& format) {
  command.add_option("--format", format, "how records are printed")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

inline std::unique_ptr<report::Report> make_report(const std::string& format, report::Output& output) {
  return format == "json" ? report::make_json(output) : report::make_text(output);
}

}  // namespace dtp::cmd
