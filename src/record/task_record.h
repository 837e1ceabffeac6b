// PERF_RECORD_COMM, PERF_RECORD_FORK and PERF_RECORD_EXIT: what tasks are called, how they begin and end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace dtp::record {

struct CommRecord {
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::string_view comm = {};  // raw; a part of the record
  bool is_exec = false;        // another program: its mappings follow
};

struct ForkRecord {
  std::uint32_t pid = 0;
  std::uint32_t parent_pid = 0;
  std::uint32_t tid = 0;
  std::uint32_t parent_tid = 0;
};

// None: shorter than it should be.
std::optional<CommRecord> parse_comm(std::span<const std::byte> record);
// Of an EXIT record too.
std::optional<ForkRecord> parse_fork(std::span<const std::byte> record);

}  // namespace dtp::record
