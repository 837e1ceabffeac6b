// Which records of a recording are shown: options of the commands that read one.
#pragma once

#include <string>

#include "cmd/command.h"
#include "record/perf_data_reader.h"
#include "record/selection.h"

namespace dtp::cmd {

// As the user typed them.
struct SelectionOptions {
  std::vector<std::string> comms = {};
  std::string pids = {};
  std::string tids = {};
  std::string cpus = {};
  std::string time = {};
};
void add_selection_options(CLI::App& command, SelectionOptions& options);
Result<record::Selection> to_selection(const SelectionOptions& options);

// PerfDataReader::read() of those records, with progress on the terminal if it is wanted.
Result<void> read_selected(const record::PerfDataReader& reader, const record::Selection& selection,
                           const record::Consumer& consumer, record::Counts& counts, bool with_progress);

}  // namespace dtp::cmd
