#include "cmd/read_recording.h"

#include <unistd.h>

#include <cstdio>

#include <fmt/core.h>

namespace dtp::cmd {

CLI::Option* add_input_option(CLI::App& command, std::string& input) {
  return command.add_option("-i,--input", input, "the file; - is standard input")
      ->type_name("FILE")
      ->capture_default_str();
}

Result<record::PerfDataReader> open_recording(const std::string& path) {
  auto reader = record::PerfDataReader::open(path);
  if (!reader && path != "-" && ::access(path.c_str(), F_OK) != 0)
    reader.error().hint = "'dtrace++ record' and 'perf record' make such a file";
  return reader;
}

void print_counts(const record::Counts& counts) {
  if (counts.lost > 0) fmt::print(stderr, "lost: {} records were never written, the rings were full\n", counts.lost);
  if (counts.other > 0)
    fmt::print(stderr, "left out: {} samples that are not of a tracepoint or probe\n", counts.other);
  if (counts.broken > 0) fmt::print(stderr, "left out: {} samples that are not whole\n", counts.broken);
}

}  // namespace dtp::cmd
