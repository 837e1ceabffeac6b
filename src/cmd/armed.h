// Events that are in the kernel for as long as a command runs, and their records as they come.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "cmd/compile.h"
#include "cmd/recording.h"
#include "kernel/capture.h"
#include "kernel/owner.h"
#include "record/ledger.h"
#include "record/stream.h"
#include "symbol/symbolizer.h"

namespace dtp::cmd {

// What is in the kernel, and what is traced by it. It refers to the compilation.
struct Armed {
  std::vector<kernel::OwnedEvents> owned = {};
  std::vector<const Compiled*> events = {};
};

// Of a pattern's events those that the kernel refuses are left out.
Result<Armed> arm(kernel::TraceFs& tracefs, Compilation& compilation, const TargetOptions& options,
                  const Common& common);
Result<void> disarm(Armed& armed);
// What shares an event is watched as one.
Result<std::vector<WatchedEvent>> watch(kernel::TraceFs& tracefs, const Armed& armed, std::string_view filter);

struct Live {
  kernel::Target target = {};
  kernel::CaptureOptions options = {};
  // With stacks: the kernel's names are read before the first record, not beside what is recorded.
  symbol::Symbolizer* symbols = nullptr;
  // When the probes are in place, before the first record.
  std::function<Result<void>(const std::vector<record::EventSchema>& schemas)> begin = {};
  record::Consumer record = {};  // in the order of time
  std::function<Result<void>()> round = {};
  std::function<bool()> is_enough = {};  // asked once a round: nothing more is wanted
};
struct Seen {
  kernel::Ending ending = {};
  std::uint64_t records = 0;
  record::Ledger sampled = {};  // the times of what was watched in windows
};
// Until the end comes. Everything of the capture is closed when this returns. Schemas are those of `watched`, in its
// order.
Result<Seen> stream(kernel::TraceFs& tracefs, const std::vector<WatchedEvent>& watched, const Live& live,
                    kernel::StopSignals& signals);

// Records that were not shown.
struct Unshown {
  std::uint64_t unmet = 0;  // a condition did not hold
  std::uint64_t late = 0;   // after the last that was wanted
};
// "12 records in 3.0 s, 0 lost", on standard error.
void print_seen(const Seen& seen, const Common& common, const Unshown& unshown = {});

}  // namespace dtp::cmd
