// Files that report writes for other programs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/new_file.h"
#include "cmd/command.h"
#include "record/perf_data_reader.h"
#include "report/profile.h"
#include "report/report.h"

namespace dtp::cmd {

// Paths; empty: not wanted.
struct ExportOptions {
  std::string speedscope = {};
  std::string pprof = {};
  std::string perfetto = {};
  std::vector<std::string> counters = {};  // of perfetto
  bool need_profile() const { return !speedscope.empty() || !pprof.empty(); }
  bool any() const { return need_profile() || !perfetto.empty(); }
};
// `others` are forms of report that they exclude.
void add_export_options(CLI::App& command, ExportOptions& options, const std::vector<CLI::Option*>& others);

// A recording's files. Those that need stacks are written from the profile, the time line as records come.
class Exports {
 public:
  static Result<Exports> begin(const ExportOptions& options, const record::PerfDataReader& reader,
                               symbol::Symbolizer& symbols);
  Result<void> add(const record::Record& record);
  // `name` is the recording's.
  Result<void> finish(const report::Profile& profile, const std::string& name);

 private:
  explicit Exports(const ExportOptions& options) : options_(&options) {}

  const ExportOptions* options_;  // outlives it
  std::optional<std::int64_t> wall_offset_ns_ = {};
  std::optional<base::NewFile> file_ = {};  // of the time line
  std::unique_ptr<report::Output> output_ = {};
  std::unique_ptr<report::Report> timeline_ = {};
};

}  // namespace dtp::cmd
