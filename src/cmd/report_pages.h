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

// `title` is what was read.
Result<void> draw_flamegraph(const std::string& path, const report::Profile& profile, report::Order order,
                             const std::string& title);

}  // namespace dtp::cmd
