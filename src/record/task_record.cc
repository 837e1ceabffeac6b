#include "record/task_record.h"

#include <linux/perf_event.h>

#include "base/cursor.h"

namespace dtp::record {

std::optional<CommRecord> parse_comm(std::span<const std::byte> record) {
  base::Cursor cursor(record);
  const auto header = cursor.read<perf_event_header>();
  CommRecord task{.is_exec = (header.misc & PERF_RECORD_MISC_COMM_EXEC) != 0};
  task.pid = cursor.read<std::uint32_t>();
  task.tid = cursor.read<std::uint32_t>();
  task.comm = cursor.read_c_string();
  if (cursor.failed()) return std::nullopt;
  return task;
}

std::optional<ForkRecord> parse_fork(std::span<const std::byte> record) {
  base::Cursor cursor(record, sizeof(perf_event_header));
  ForkRecord task;
  task.pid = cursor.read<std::uint32_t>();
  task.parent_pid = cursor.read<std::uint32_t>();
  task.tid = cursor.read<std::uint32_t>();
  task.parent_tid = cursor.read<std::uint32_t>();
  if (cursor.failed()) return std::nullopt;
  return task;
}

}  // namespace dtp::record
