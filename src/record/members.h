// Members of an event of the kernel that is shared (probe/shared.h): events of their own in a recording.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dtracepp/record.h"

namespace dtp::record {

struct Member {
  std::uint16_t shared = 0;  // the kernel's number of the event
  std::uint16_t number = 0;  // which its records tell
  std::string event = {};
  bool operator==(const Member&) const = default;
};

// One for each of them that is of this event, which the field that tells them apart is left out of. None: no record
// tells which it is.
std::vector<EventSchema> split_members(const EventSchema& shared, std::span<const Member> members);

// As a section of a perf.data file: a first line, then a line for each: "2327 1 malloc". None: not that.
inline constexpr std::string_view members_start = "dtrace++ members 1\n";
std::string encode_members(std::span<const Member> members);
std::optional<std::vector<Member>> decode_members(std::string_view text);

}  // namespace dtp::record
