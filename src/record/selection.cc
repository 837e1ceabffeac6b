#include "record/selection.h"

#include <algorithm>

#include "base/pattern.h"

namespace dtp::record {
namespace {

bool is_among(const std::vector<std::uint32_t>& numbers, std::uint32_t number) {
  return numbers.empty() || std::ranges::find(numbers, number) != numbers.end();
}

bool is_named(const std::vector<std::string>& comms, const std::string& comm) {
  return comms.empty() ||
         std::ranges::any_of(comms, [&](const std::string& wanted) { return base::matches_pattern(wanted, comm); });
}

}  // namespace

bool selects(const Selection& selection, const Record& record) {
  return record.time_ns >= selection.from_ns && record.time_ns <= selection.to_ns &&
         is_among(selection.cpus, record.cpu) && is_among(selection.pids, record.pid) &&
         is_among(selection.tids, record.tid) && is_named(selection.comms, record.comm);
}

}  // namespace dtp::record
