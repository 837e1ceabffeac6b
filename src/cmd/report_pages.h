// What report draws, and the files that it goes to.
#pragma once

#include <string>

#include "cmd/command.h"
#include "report/call_tree.h"
#include "report/profile.h"

namespace dtp::cmd {

struct PageOptions {
  std::string flamegraph = {};  // a file; empty: none is wanted
};

// `text` is another form of report, and excluded.
void add_page_options(CLI::App& command, PageOptions& options, CLI::Option& text);

// What was read, and from where.
struct NamedProfile {
  const std::string& path;
  const report::Profile& profile;
};

Result<void> draw_flamegraph(const PageOptions& options, const NamedProfile& read, report::Order order);
Result<void> draw_difference(const PageOptions& options, const NamedProfile& before, const NamedProfile& after,
                             report::Order order);

}  // namespace dtp::cmd
