// A recording into one file, or into one after the other: what of it is written, and where.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "dtracepp/error.h"
#include "kernel/capture.h"
#include "record/jit_files.h"
#include "record/layout.h"
#include "record/ledger.h"
#include "record/perf_data.h"
#include "record/sideband.h"

namespace dtp::record {

// An event of the kernel that several share: they are counted one by one.
struct SharedEvent {
  std::size_t event = 0;          // its place among the events
  std::size_t member_offset = 0;  // of the number in a raw record
  std::vector<Member> members = {};
  std::vector<bool> are_filtered = {};  // of each member
};

struct RecorderOptions {
  std::string path = {};
  std::uint64_t most_events = 0;  // 0: no limit; so for the others
  std::uint64_t most_bytes = 0;   // of all files
  // A file that is done is renamed to PATH.YYYYMMDDhhmmsscc, and a new one begun.
  bool switches = false;
  std::uint64_t switch_bytes = 0;
  std::chrono::milliseconds switch_time{0};
  // Samples come only when they are asked for: then they go into a file that is renamed likewise; the last keeps PATH.
  bool is_flight = false;
  std::size_t most_ended = 64;             // see Sideband
  bool watches_all = false;                // see Circumstances
  std::vector<bool> may_be_too_long = {};  // of each event
  std::vector<SharedEvent> shared = {};
  // What the kernel has counted up to now.
  std::function<std::vector<kernel::Counted>()> count = {};
  Origin origin = {};
};

class Recorder {
 public:
  static Result<Recorder> create(RecorderOptions options, std::vector<kernel::OpenedEvent> events, TracingData formats);

  // What was there before the recording began.
  void add_task(const Task& task);
  void add_mapping(const NewMapping& mapping);

  // For kernel::Sink. What a limit does not let in is counted and left out. Where nothing can be written any more the
  // recording is full, and `failure` says why.
  Result<void> take(std::span<const std::byte> records);
  Result<void> take(const kernel::MadeSamples& samples);
  Result<void> end_round();
  Result<void> switch_file();
  // After the capture: the last samples are there.
  Result<void> close();

  bool is_full() const { return is_full_; }
  const std::optional<Error>& failure() const { return failure_; }
  std::uint64_t samples() const { return samples_; }
  // Of all files, once the last is closed.
  const Ledger& ledger() const { return ledger_; }
  // Of all files.
  std::uint64_t bytes() const { return closed_bytes_ + (writer_ ? writer_->bytes() : 0); }
  // Those that are done, in order.
  const std::vector<std::string>& files() const { return files_; }

 private:
  // Samples.
  struct Taken {
    std::uint64_t all = 0;
    std::uint64_t recorded = 0;
  };
  Recorder(RecorderOptions options, std::vector<kernel::OpenedEvent> events, TracingData formats);
  Result<void> open();
  Result<void> finish(bool is_final);
  Result<void> tell_known();
  bool keeps_known() const { return options_.switches || options_.is_flight; }
  Ledger settle_all(bool is_final) const;
  std::size_t event_of(std::uint64_t id);
  bool is_shared(std::size_t event) const;
  Taken* share_of(std::size_t event, std::span<const std::byte> record);
  std::vector<Share> shares_of(const SharedEvent& shared, const kernel::Profile& profile) const;
  void note_mapping(const perf_event_header& header, std::span<const std::byte> record);
  std::size_t admit(std::span<const std::byte> records);
  bool has_limits() const;
  void write(std::span<const std::byte> records);
  bool has_failed(Result<void> written);

  RecorderOptions options_;
  std::vector<kernel::OpenedEvent> events_;
  TracingData formats_;
  Sideband sideband_;
  Layout layout_;
  JitWatch made_ = {};
  std::optional<PerfDataWriter> writer_ = {};
  std::chrono::steady_clock::time_point opened_at_ = {};
  std::uint64_t first_sample_ = 0;  // of the open file
  std::uint64_t samples_ = 0;
  std::vector<Taken> taken_ = {};  // of each event
  // Of each shared event, by the numbers of its members.
  std::vector<std::unordered_map<unsigned, Taken>> shares_ = {};
  std::unordered_map<std::uint64_t, std::size_t> event_of_ = {};
  std::uint64_t last_id_ = 0;  // a ring's samples are mostly of one event
  std::size_t last_event_ = 0;
  Ledger ledger_ = {};  // up to the last file that is done
  std::uint64_t closed_bytes_ = 0;
  bool has_told_ = false;  // the open file knows the tasks
  bool is_full_ = false;
  std::optional<Error> failure_ = {};
  std::vector<std::string> files_ = {};
};

// "PATH.2026112113050099", to the hundredth of a second; with "-2" and so on where that exists.
std::string name_of_time(const std::string& path, std::chrono::system_clock::time_point time);

}  // namespace dtp::record
