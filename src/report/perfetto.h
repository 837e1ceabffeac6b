// Records as Perfetto's time line shows them: a track for each thread, with calls as slices and other hits as instants.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "report/report.h"

namespace dtp::report {

struct TimelineOptions {
  std::vector<std::string> counters = {};   // fields that are drawn as counters, too
  std::optional<std::uint32_t> clock = {};  // of clock_gettime(2); none: perf's own
  std::optional<std::int64_t> wall_offset_ns = {};
};

std::unique_ptr<Report> make_perfetto(Output& output, symbol::Symbolizer& symbols, const TimelineOptions& options);

}  // namespace dtp::report
