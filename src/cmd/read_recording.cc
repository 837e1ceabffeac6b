#include "cmd/read_recording.h"

#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "base/suggest.h"

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

void add_key_option(CLI::App& command, std::vector<std::string>& keys) {
  command.add_option("-s,--sort", keys, "what records are grouped by: comm, pid, tid, cpu, symbol, object, or fields")
      ->type_name("KEY[,KEY]")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
}

Result<std::vector<report::Key>> parse_keys(const std::vector<std::string>& names,
                                            const std::vector<record::EventSchema>& schemas) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  std::vector<std::string_view> known(report::key_words.begin(), report::key_words.end());
  for (const record::EventSchema& schema : schemas)
    for (const record::FieldSchema& field : schema.fields) known.push_back(field.name);
  std::vector<report::Key> keys;
  std::size_t at = 0;
  for (const std::string& name : names) {
    keys.push_back(report::parse_key(name));
    if (keys.back().kind == report::Key::Kind::field && std::ranges::find(known, name) == known.end())
      return fail({.what = fmt::format("no event of this recording has a field '{}'", name),
                   .where = Where{"-s", text, {at, at + name.size()}},
                   .hint = base::did_you_mean(base::nearest(name, known)),
                   .status = Status::wrong_request});
    at += name.size() + 1;
  }
  return keys;
}

void print_counts(const record::Counts& counts) {
  if (counts.lost > 0) fmt::print(stderr, "lost: {} records were never written, the rings were full\n", counts.lost);
  if (counts.other > 0)
    fmt::print(stderr, "left out: {} samples that are not of a tracepoint or probe\n", counts.other);
  if (counts.broken > 0) fmt::print(stderr, "left out: {} samples that are not whole\n", counts.broken);
}

}  // namespace dtp::cmd
