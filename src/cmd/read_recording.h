// What the commands share that read a recording.
#pragma once

#include <string>

#include "cmd/command.h"
#include "record/perf_data_reader.h"

namespace dtp::cmd {

// -i FILE.
CLI::Option* add_input_option(CLI::App& command, std::string& input);
Result<record::PerfDataReader> open_recording(const std::string& path);
// What the user should know besides the records. To standard error.
void print_counts(const record::Counts& counts);

}  // namespace dtp::cmd
