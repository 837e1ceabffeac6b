// The records that the rings of a lease hold, as if they came now.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cmd/answering.h"
#include "cmd/counting.h"
#include "kernel/leased_instance.h"
#include "record/ledger.h"

namespace dtp::cmd {

class CollectedRecords {
 public:
  // The recipe outlives it.
  static Result<CollectedRecords> open(kernel::TraceFs& tracefs, const kernel::Lease& lease,
                                       const recipe::Recipe& recipe);

  // What people are shown: names of threads, which the probes fetch, are those of the records.
  const std::vector<ServingEvent>& events() const { return shown_; }
  // The events record no more.
  void stop() const { instance_.stop(lease_->events); }
  // Takes the records out of the rings, in the order of time; see Feed.
  Result<void> feed(const std::vector<record::EventSchema>& schemas, const record::Consumer& consumer);
  // The same, into a file that `script` reads. Gives what it says of where the hits went.
  Result<record::Ledger> write(const std::string& path);

  // Of all events together, before anything was taken out.
  const kernel::RingCounts& counts() const { return counts_; }
  std::uint64_t missed() const;  // by the kernel's probes

 private:
  CollectedRecords(kernel::TraceFs& tracefs, const kernel::Lease& lease)
      : tracefs_(&tracefs),
        lease_(&lease),
        instance_(kernel::LeasedInstance::of(tracefs, lease.name)),
        counts_(instance_.counts()),
        tasks_(instance_.known_tasks()) {}
  kernel::SampleMaker sample_maker() const;
  std::vector<kernel::OpenedEvent> opened_events() const;
  std::vector<kernel::Profile> profiles() const;
  std::vector<record::Task> tasks() const;
  void name_task(const record::Record& raw, record::Record& record) const;

  kernel::TraceFs* tracefs_;
  const kernel::Lease* lease_;
  kernel::LeasedInstance instance_;
  kernel::RingCounts counts_;
  kernel::KnownTasks tasks_;
  std::vector<WatchedEvent> raw_ = {};    // as the kernel records them
  std::vector<ServingEvent> shown_ = {};  // of raw_[i]
};

}  // namespace dtp::cmd
