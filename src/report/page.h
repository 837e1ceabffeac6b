// A recording as one HTML page: what it is, a table of its hits, when they came, its numbers, and its flame graph.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "record/origin.h"
#include "record/stream.h"
#include "report/flame_graph.h"
#include "report/output.h"
#include "report/profile.h"
#include "report/survey.h"

namespace dtp::report {

struct PageContent {
  const std::string& file;
  const record::Origin& origin;
  const record::Counts& counts;
  const Profile& profile;
  const Survey::Findings& findings;
  std::optional<std::int64_t> wall_offset_ns = {};  // from the recording's clock to the time of day
  const FlameGraph* graph = nullptr;                // none: no stacks were recorded
};

// The page needs nothing else and asks for nothing; no text of the recording can become a part of its script.
Result<void> write_page(Output& output, const PageContent& content);

}  // namespace dtp::report
