// How long, how much and into how many files record writes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cmd/command.h"

namespace dtp::cmd {

// As the user typed them.
struct LimitOptions {
  std::string duration = {};
  std::string most_events = {};
  std::string most_bytes = {};
  std::string switching = {};  // "signal", a size or a time; empty: one file
  std::string ring_bytes = {};
  bool overwrite = false;
};
void add_limit_options(CLI::App& command, LimitOptions& options);

struct Limits {
  std::chrono::milliseconds duration{0};  // 0: no limit; so for the others
  std::uint64_t most_events = 0;
  std::uint64_t most_bytes = 0;
  bool switches = false;
  std::uint64_t switch_bytes = 0;
  std::chrono::milliseconds switch_time{0};
  std::size_t ring_bytes = 0;
};
Result<Limits> to_limits(const LimitOptions& options);
// Of an option that takes a time; an empty text is no limit.
Result<std::chrono::milliseconds> to_duration(std::string_view option, const std::string& text);

}  // namespace dtp::cmd
