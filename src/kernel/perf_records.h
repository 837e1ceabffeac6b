// Records of perf as they lie one behind the other, in rings and in files.
#pragma once

#include <linux/perf_event.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace dtp::kernel {

// Zeros behind the end of a record that is shorter.
inline perf_event_header header_of(std::span<const std::byte> record) {
  perf_event_header header = {};
  std::memcpy(&header, record.data(), std::min(sizeof header, record.size()));
  return header;
}

// The identifier in front of a sample; 0: it is too short.
inline std::uint64_t id_of_sample(std::span<const std::byte> record) {
  std::uint64_t id = 0;
  constexpr std::size_t offset = sizeof(perf_event_header);
  if (record.size() >= offset + sizeof id) std::memcpy(&id, record.data() + offset, sizeof id);
  return id;
}

// Takes the first record off the front; empty: what is left begins with none that is whole.
inline std::span<const std::byte> take_record(std::span<const std::byte>& records) {
  if (records.size() < sizeof(perf_event_header)) return {};
  const std::size_t size = header_of(records).size;
  if (size < sizeof(perf_event_header) || size > records.size()) return {};
  const std::span<const std::byte> record = records.first(size);
  records = records.subspan(size);
  return record;
}

}  // namespace dtp::kernel
