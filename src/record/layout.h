// Where things are in the records that perf_event_open(2) delivers, for one sample_type.
#pragma once

#include <linux/perf_event.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace dtp::record {

struct Sample {
  std::uint64_t time_ns = 0;
  std::uint64_t id = 0;  // of the perf event; 0: the records do not carry it
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::uint32_t cpu = 0;
  std::span<const std::byte> raw = {};    // the tracepoint's own record
  std::span<const std::byte> chain = {};  // u64 each
  std::span<const std::byte> user_registers = {};
  std::span<const std::byte> user_stack = {};
};

// Offsets of the members that all records of an event share, computed once per event. Offsets count from
// the record's header; 0: absent.
struct Layout {
  std::uint64_t sample_type = 0;
  std::uint64_t read_format = 0;
  std::size_t register_bytes = 0;  // of the user registers
  bool has_trailer = false;        // sample_id_all: other records end with these members too
  std::size_t tid = 0;
  std::size_t time = 0;
  std::size_t id = 0;
  std::size_t cpu = 0;
  std::size_t variable = 0;  // where the members of varying size begin
  std::size_t trailer_size = 0;
  std::size_t trailer_time = 0;  // these count back from the record's end
  std::size_t trailer_id = 0;
  bool operator==(const Layout&) const = default;
};

Layout make_layout(const perf_event_attr& attr);

// `record` is a whole PERF_RECORD_SAMPLE, header included. False: it is shorter than its layout says.
bool parse_sample(const Layout& layout, std::span<const std::byte> record, Sample& sample);
// The time at the end of a record of another kind; 0: it has none.
std::uint64_t trailer_time(const Layout& layout, std::span<const std::byte> record);

}  // namespace dtp::record
