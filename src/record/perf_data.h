// Writes perf.data files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "dtracepp/error.h"
#include "kernel/capture.h"
#include "record/comm.h"
#include "record/jit_code.h"
#include "record/ledger.h"
#include "record/mapping_record.h"
#include "record/origin.h"
#include "record/perf_data_format.h"
#include "record/tracing_data.h"

namespace dtp::record {

Origin this_machine();

// The file grows in place: after every write it is a whole file, whatever happens to us then. One that was
// there before is kept as FILE.old, as perf does. When nothing more can be written, close() still can.
class PerfDataWriter {
 public:
  static Result<PerfDataWriter> create(std::string path, std::span<const kernel::OpenedEvent> events,
                                       const TracingData& formats);

  // The name of a thread that ran before the recording began.
  void add_task(const Task& task);
  // Code that was mapped before the recording began.
  void add_mapping(const NewMapping& mapping) { pending_ += encode_mapping(mapping, trailer_size_); }
  Result<void> append(std::span<const std::byte> records);
  Result<void> end_round();
  // After an error of these two: the records that did not get into the file.
  std::span<const std::byte> dropped() const { return std::as_bytes(std::span(dropped_)); }
  Result<void> close(const Origin& origin, const Ledger& ledger, const JitProcesses& made);

  // Of the file.
  std::uint64_t bytes() const { return end_of_data() + pending_.size() + features_size_; }

 private:
  PerfDataWriter() = default;
  Result<void> flush();
  Result<void> write_records(std::string_view records);
  Result<void> end_here();
  void cut_back(std::string_view records);
  Result<void> write_header();
  void mark_feature(Feature feature, bool is_there = true);
  std::uint64_t end_of_data() const { return header_.data.offset + header_.data.size; }

  std::string path_ = {};
  base::Fd fd_ = {};
  std::vector<kernel::OpenedEvent> events_ = {};
  FileHeader header_ = {};
  FileSection formats_ = {};
  std::uint64_t features_size_ = 0;  // once they are written
  std::size_t trailer_size_ = 0;     // of records that are not samples
  std::string pending_ = {};         // records that are not in the file yet
  std::string dropped_ = {};
};

}  // namespace dtp::record
