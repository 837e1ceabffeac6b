// What report draws, and the files that it goes to.
#pragma once

#include <optional>
#include <string>

#include "cmd/command.h"
#include "record/ledger.h"
#include "record/perf_data_reader.h"
#include "report/call_tree.h"
#include "report/profile.h"
#include "report/survey.h"

namespace dtp::cmd {

struct PageOptions {
  // Files; empty: not wanted.
  std::string flamegraph = {};
  std::string html = {};
  bool are_wanted() const { return !flamegraph.empty() || !html.empty(); }
};

// `text` and `difference` are other forms of report.
void add_page_options(CLI::App& command, PageOptions& options, CLI::Option& text, CLI::Option& difference);

// A recording that has been read.
struct Reading {
  std::string path = {};
  record::Origin origin = {};
  std::optional<std::int64_t> wall_offset_ns = {};
  record::Counts counts = {};
  std::optional<record::Ledger> ledger = {};
  report::Profile profile = {};
  std::optional<report::Survey::Findings> findings = {};  // if a page is wanted
  Result<void> end = {};                                  // an error in the file: what stands before it has been read
};

Result<void> draw_pages(const PageOptions& options, const Reading& reading, report::Order order);
Result<void> draw_difference(const PageOptions& options, const Reading& before, const Reading& after,
                             report::Order order);

}  // namespace dtp::cmd
