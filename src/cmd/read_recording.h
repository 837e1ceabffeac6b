// What the commands share that read a recording.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/command.h"
#include "record/perf_data_reader.h"
#include "report/key.h"
#include "report/line.h"
#include "report/profile.h"

namespace dtp::cmd {

// -i FILE.
CLI::Option* add_input_option(CLI::App& command, std::string& input);
Result<record::PerfDataReader> open_recording(const std::string& path);
// -s KEY,KEY: what records are grouped by.
void add_key_option(CLI::App& command, std::vector<std::string>& keys);
// A key that is no word of ours is a field of one event at least.
Result<std::vector<report::Key>> parse_keys(const std::vector<std::string>& names,
                                            const std::vector<record::EventSchema>& schemas);
// -F: the same of columns.
Result<std::vector<report::Column>> parse_columns(const std::vector<std::string>& names,
                                                  const std::vector<record::EventSchema>& schemas);
// Some event has the field, and as a number. `option` is where the user named it.
Result<void> check_number(std::string_view option, const std::string& name,
                          const std::vector<record::EventSchema>& schemas);
// The profile of the recording at `path` has a stack to draw.
Result<void> check_stacks(const report::Profile& profile, const std::string& path);
// What is in the recording and is not shown. To standard error.
void print_left_out(const record::Counts& counts);
// The same, and what was lost.
void print_counts(const record::Counts& counts, const std::optional<record::Ledger>& ledger, bool verbose);

}  // namespace dtp::cmd
