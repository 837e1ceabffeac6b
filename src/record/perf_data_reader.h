// Reads perf.data files: ours and perf's. Nothing in them is trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "dtracepp/error.h"
#include "dtracepp/record.h"
#include "record/ledger.h"
#include "record/members.h"
#include "record/origin.h"
#include "record/perf_data_format.h"
#include "record/stream.h"

namespace dtp::record {

class PerfDataReader {
 public:
  // "-" is standard input.
  static Result<PerfDataReader> open(const std::string& path);

  // The tracepoints whose records may be in the file.
  const std::vector<EventSchema>& schemas() const { return schemas_; }
  // The clock of the records, as clock_gettime(2) numbers it; none: perf's own.
  std::optional<std::uint32_t> clock() const;
  // From the recording's clock to the time of day; none: the file does not tell.
  std::optional<std::int64_t> wall_offset_ns() const { return wall_offset_ns_; }
  // As far as the file tells.
  const Origin& origin() const { return origin_; }
  // Where the hits went; none of a recording that was not ended, and of perf's.
  const std::optional<Ledger>& ledger() const { return ledger_; }
  // Gives every record to the consumer, in order of time. A file that is cut off is an error after the last
  // whole record; `counts` is filled in any case. `watch` is told now and then how many of the bytes are read.
  using Watch = std::function<void(std::uint64_t done, std::uint64_t whole)>;
  Result<void> read(const Consumer& consumer, Counts& counts, const Watch& watch = {}) const;

 private:
  PerfDataReader() = default;
  Result<void> parse();
  Result<void> parse_events(const FileHeader& header);
  Result<void> parse_formats(std::span<const std::byte> section, const std::vector<Member>& members);
  Result<std::span<const std::byte>> find_formats(const FileHeader& header) const;
  std::vector<Member> find_members(const FileHeader& header) const;
  std::span<const std::byte> front_section(const FileHeader& header) const;
  std::span<const std::byte> feature_section(const FileHeader& header, Feature feature) const;
  void parse_ledger(const FileHeader& header);
  void parse_made(const FileHeader& header);
  void parse_build_ids(const FileHeader& header);
  void parse_clock(const FileHeader& header);
  void parse_origin(const FileHeader& header);
  Result<void> feed(Stream& stream, const Watch& watch) const;
  void release(std::size_t end) const;
  std::span<const std::byte> section(const FileSection& place) const;
  Error error(std::string_view what, std::string hint = {}) const;

  std::string path_ = {};
  base::Mapping mapping_ = {};
  std::unique_ptr<const std::string> content_ = {};  // of standard input
  std::span<const std::byte> file_ = {};
  std::vector<StreamEvent> events_ = {};
  std::vector<EventSchema> schemas_ = {};
  Origin origin_ = {};
  std::vector<Module> build_ids_ = {};  // as the header tells them
  std::optional<std::int64_t> wall_offset_ns_ = {};
  std::optional<JitProcesses> made_ = {};  // none: the file does not tell
  std::optional<Ledger> ledger_ = {};
  bool is_unfinished_ = false;  // its recorder has not closed it
  std::size_t data_begin_ = 0;
  std::size_t data_end_ = 0;  // as the header promises; may lie beyond the file
};

}  // namespace dtp::record
