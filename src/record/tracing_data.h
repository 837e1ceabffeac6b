// The part of a perf.data file that describes tracepoints: their format files, copied.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "dtracepp/error.h"
#include "record/members.h"

namespace dtp::record {

struct EventFormat {
  std::string group = {};
  std::string text = {};  // of events/GROUP/EVENT/format
  bool operator==(const EventFormat&) const = default;
};

struct TracingData {
  std::string header_page = {};   // of events/header_page
  std::string header_event = {};  // of events/header_event
  std::vector<EventFormat> formats = {};
  std::vector<Member> members = {};  // in a section of their own
  bool operator==(const TracingData&) const = default;
};

std::string encode_tracing_data(const TracingData& data);
Result<TracingData> decode_tracing_data(std::span<const std::byte> bytes);

// What the section begins with.
bool is_tracing_data(std::span<const std::byte> bytes);

}  // namespace dtp::record
