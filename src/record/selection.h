// Which records of a recording are wanted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dtracepp/record.h"

namespace dtp::record {

// What is empty does not choose.
struct Selection {
  std::vector<std::string> comms = {};  // globs are fine
  std::vector<std::uint32_t> pids = {};
  std::vector<std::uint32_t> tids = {};
  std::vector<std::uint32_t> cpus = {};
  std::uint64_t from_ns = 0;
  std::uint64_t to_ns = UINT64_MAX;  // belongs to it
};

bool selects(const Selection& selection, const Record& record);

}  // namespace dtp::record
