// The order of a sample's members is that of perf_event_open(2), "PERF_RECORD_SAMPLE"; the order of the trailer
// that of struct sample_id in <linux/perf_event.h>. Everything up to the period has a fixed size, so one
// addition finds it; what follows (read values, call chain, raw) is walked.
#include "record/layout.h"

#include <bit>
#include <cstring>

#include "base/cursor.h"

namespace dtp::record {
namespace {

template <class T>
T load(std::span<const std::byte> record, std::size_t offset) {
  T value{};
  std::memcpy(&value, record.data() + offset, sizeof value);
  return value;
}

// Skips what PERF_SAMPLE_READ put there.
void skip_read(base::Cursor& cursor, std::uint64_t read_format) {
  const std::size_t per_value =
      8U + (read_format & PERF_FORMAT_ID ? 8U : 0U) + (read_format & PERF_FORMAT_LOST ? 8U : 0U);
  std::size_t times = 0;
  if (read_format & PERF_FORMAT_TOTAL_TIME_ENABLED) times += 8;
  if (read_format & PERF_FORMAT_TOTAL_TIME_RUNNING) times += 8;
  if ((read_format & PERF_FORMAT_GROUP) == 0) return cursor.skip(per_value + times);
  const auto count = cursor.read<std::uint64_t>();
  cursor.skip(times);
  // A record is at most 64 KiB: a larger count is a broken file.
  cursor.skip(count > 0xFFFF ? SIZE_MAX : count * per_value);
}

void take_chain(base::Cursor& cursor, Sample& sample) {
  const auto count = cursor.read<std::uint64_t>();
  sample.chain = cursor.take(count > 0xFFFF ? SIZE_MAX : count * 8);
}

// Each branch is of three u64.
void skip_branches(base::Cursor& cursor) {
  const auto count = cursor.read<std::uint64_t>();
  cursor.skip(count > 0xFFFF ? SIZE_MAX : count * 24);
}

// Registers, and the stack: its size as asked for, the bytes, how many of them are the stack's.
void take_user_state(base::Cursor& cursor, const Layout& layout, Sample& sample) {
  if (layout.sample_type & PERF_SAMPLE_REGS_USER) {
    const auto abi = cursor.read<std::uint64_t>();
    if (abi != PERF_SAMPLE_REGS_ABI_NONE) sample.user_registers = cursor.take(layout.register_bytes);
  }
  if ((layout.sample_type & PERF_SAMPLE_STACK_USER) == 0) return;
  const auto size = cursor.read<std::uint64_t>();
  if (size == 0) return;
  const auto stack = cursor.take(size);
  const auto copied = cursor.read<std::uint64_t>();
  sample.user_stack = stack.first(std::min<std::uint64_t>(copied, stack.size()));
}

}  // namespace

Layout make_layout(const perf_event_attr& attr) {
  Layout layout{.sample_type = attr.sample_type,
                .read_format = attr.read_format,
                .register_bytes = 8 * static_cast<std::size_t>(std::popcount(attr.sample_regs_user))};
  layout.has_trailer = attr.sample_id_all != 0;
  std::size_t at = sizeof(perf_event_header);
  const auto place = [&](std::uint64_t member, std::size_t* offset) {
    if ((attr.sample_type & member) == 0) return;
    if (offset != nullptr) *offset = at;
    at += 8;
  };
  place(PERF_SAMPLE_IDENTIFIER, &layout.id);
  place(PERF_SAMPLE_IP, nullptr);
  place(PERF_SAMPLE_TID, &layout.tid);
  place(PERF_SAMPLE_TIME, &layout.time);
  place(PERF_SAMPLE_ADDR, nullptr);
  place(PERF_SAMPLE_ID, &layout.id);
  place(PERF_SAMPLE_STREAM_ID, nullptr);
  place(PERF_SAMPLE_CPU, &layout.cpu);
  place(PERF_SAMPLE_PERIOD, nullptr);
  layout.variable = at;

  if (!layout.has_trailer) return layout;
  // Backwards: identifier, cpu, stream, id, time, tid.
  std::size_t back = 0;
  const auto place_back = [&](std::uint64_t member, std::size_t* offset) {
    if ((attr.sample_type & member) == 0) return;
    back += 8;
    if (offset != nullptr) *offset = back;
  };
  place_back(PERF_SAMPLE_IDENTIFIER, nullptr);
  place_back(PERF_SAMPLE_CPU, nullptr);
  place_back(PERF_SAMPLE_STREAM_ID, nullptr);
  place_back(PERF_SAMPLE_ID, &layout.trailer_id);
  place_back(PERF_SAMPLE_TIME, &layout.trailer_time);
  place_back(PERF_SAMPLE_TID, nullptr);
  if (attr.sample_type & PERF_SAMPLE_IDENTIFIER) layout.trailer_id = 8;
  layout.trailer_size = back;
  return layout;
}

bool parse_sample(const Layout& layout, std::span<const std::byte> record, Sample& sample) {
  if (record.size() < layout.variable) return false;
  if (layout.time != 0) sample.time_ns = load<std::uint64_t>(record, layout.time);
  if (layout.id != 0) sample.id = load<std::uint64_t>(record, layout.id);
  if (layout.cpu != 0) sample.cpu = load<std::uint32_t>(record, layout.cpu);
  if (layout.tid != 0) {
    sample.pid = load<std::uint32_t>(record, layout.tid);
    sample.tid = load<std::uint32_t>(record, layout.tid + 4);
  }
  sample.raw = sample.chain = sample.user_registers = sample.user_stack = {};
  base::Cursor cursor(record, layout.variable);
  if (layout.sample_type & PERF_SAMPLE_READ) skip_read(cursor, layout.read_format);
  if (layout.sample_type & PERF_SAMPLE_CALLCHAIN) take_chain(cursor, sample);
  if (layout.sample_type & PERF_SAMPLE_RAW) sample.raw = cursor.take(cursor.read<std::uint32_t>());
  if (layout.sample_type & PERF_SAMPLE_BRANCH_STACK) skip_branches(cursor);
  take_user_state(cursor, layout, sample);
  return !cursor.failed();
}

std::uint64_t trailer_time(const Layout& layout, std::span<const std::byte> record) {
  if (layout.trailer_time == 0 || record.size() < sizeof(perf_event_header) + layout.trailer_size) return 0;
  return load<std::uint64_t>(record, record.size() - layout.trailer_time);
}

}  // namespace dtp::record
