// trace --snapshot-on: a ring in the kernel keeps the newest hits, and they are shown when a condition holds.
//
// Each event is opened twice: into the ring, which overwrites and which nobody reads, and as a trigger, which has the
// condition for a filter as far as the kernel decides it. A trigger's record makes a snapshot of the ring. So nobody is
// woken by hits that nobody wants to see.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cmd/condition.h"
#include "cmd/recording.h"
#include "kernel/capture.h"
#include "record/ledger.h"
#include "report/report.h"
#include "symbol/symbolizer.h"

namespace dtp::cmd {

struct SnapshotOptions {
  std::string on = {};
  std::string output = {};  // a file; empty: they are printed
  std::uint64_t most = 0;   // snapshots; 0: no end
};

// What has been taken.
struct Snapshot {
  std::uint64_t records = 0;
  std::uint64_t unmet = 0;  // of them those for which --when does not hold
};

// Where snapshots go to. Records are those of the capture's rings, one by one.
class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;
  virtual Result<void> take(std::span<const std::byte> record) = 0;
  virtual Result<void> end_round() = 0;
  // What was taken since the last is one.
  virtual Result<Snapshot> finish(bool is_last) = 0;
  // No more will come.
  virtual Result<void> close() = 0;
};

struct SnapshotTrace {
  kernel::Target target = {};
  kernel::CaptureOptions capture = {};
  SnapshotOptions options = {};
  Condition& when;
  report::Report& report;
  report::Output& output;
  symbol::Symbolizer* symbols = nullptr;  // none: without stacks
  bool announced = false;
};
struct SnapshotsSeen {
  kernel::Ending ending = {};
  std::uint64_t snapshots = 0;
  std::uint64_t records = 0;  // in them
  std::uint64_t unmet = 0;
  record::Ledger ledger = {};
};
Result<SnapshotsSeen> trace_snapshots(kernel::TraceFs& tracefs, const std::vector<WatchedEvent>& watched,
                                      const SnapshotTrace& trace, kernel::StopSignals& signals, const Common& common);
void print_snapshots_seen(const SnapshotsSeen& seen, const Common& common);

}  // namespace dtp::cmd
