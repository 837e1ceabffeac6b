// --format, shared by all that print records or lists.
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

inline std::unique_ptr<report::Report> make_report(const std::string& format, report::Output& output) {
  return format == "json" ? report::make_json(output) : report::make_text(output);
}

}  // namespace dtp::cmd
