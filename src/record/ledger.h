// Where the hits of each event went. A recording that says how much of it is missing can be trusted with the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/capture.h"

namespace dtp::record {

// hits = recorded + filtered + left_out + lost(), always.
struct Account {
  std::string event = {};  // "probe:vfs_read"
  std::uint64_t hits = 0;
  std::uint64_t recorded = 0;
  std::uint64_t filtered = 0;
  std::uint64_t left_out = 0;       // recorded no more: a limit, or overwritten by later ones
  std::uint64_t ring_full = 0;      // the recorder was too slow, or the ring too small
  std::uint64_t too_long = 0;       // the kernel has no buffer for a record of this length
  std::uint64_t missed_return = 0;  // more calls at once than memory was kept for
  std::uint64_t recursion = 0;      // while another probe was being handled
  std::uint64_t throttled = 0;
  std::uint64_t outside = 0;  // not among the hits: of tasks that are not watched, or while events were put on and off
  // The governor had the event on for so long of the whole time: hits of the rest are in no count. The same: always.
  std::uint64_t watched_ms = 0;
  std::uint64_t whole_ms = 0;
  std::uint64_t lost() const { return ring_full + too_long + missed_return + recursion + throttled; }
  bool is_sampled() const { return watched_ms < whole_ms; }
  bool operator==(const Account&) const = default;
};

struct Ledger {
  std::vector<Account> events = {};
  std::uint64_t lost() const;
  bool is_sampled() const;
  bool operator==(const Ledger&) const = default;
};

// What is known of an event besides its counts.
struct Circumstances {
  bool is_final = false;     // nothing of it waits in the rings any more
  bool watches_all = false;  // every task on every CPU
  bool may_be_too_long = false;
  bool overwrites = false;  // what is missing at the end was overwritten
};
// `taken`: samples that came out of the rings, of which `recorded` are written.
Account settle(const kernel::Counted& counted, std::uint64_t taken, std::uint64_t recorded,
               const Circumstances& circumstances);
// One of those that share an event of the kernel, which counts some things of the whole only.
struct Share {
  std::string event = {};  // empty: it was not asked for, and gets no account
  kernel::ProbeHits profile = {};
  std::uint64_t taken = 0;  // as settle() has them
  std::uint64_t recorded = 0;
  bool is_filtered = false;  // not all of its hits were asked for
};
// An account for each that was asked for, which stand first. What is known of the whole only is shared out by what is
// missing of each.
std::vector<Account> share_out(const Account& whole, std::span<const Share> shares);

// What came after `before`, an earlier account of the same event.
Account operator-(Account now, const Account& before);

// As a feature of a perf.data file: "dtrace++ ledger 1", then a line for each event: "NAME hits=3 recorded=3". Zeros
// are left out, keys that are not known are passed over. None: not that.
std::string encode_ledger(const Ledger& ledger);
std::optional<Ledger> decode_ledger(std::string_view text);

// A table with a line for each event: hits, recorded, and whatever is not 0 somewhere.
std::string ledger_table(const Ledger& ledger);
// A line for each event that was watched in windows of time only.
std::string sampling_text(const Ledger& ledger);

}  // namespace dtp::record
