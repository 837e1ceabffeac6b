// Pairs that the kernel puts together (Documentation/trace/histogram.rst): a hist trigger on the first event keeps when
// it was, and what is wanted of it, under its keys; one on the second takes that out again and makes a synthetic event
// of both. So one record comes of two hits, and none of a pair that a filter leaves out.
//
// A first hit of the same keys replaces the one before. The table of keys only grows: a key stays when its pair is
// complete, and first hits of further ones are dropped, and counted, when there is no room.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "dtracepp/error.h"
#include "kernel/events.h"
#include "kernel/tracefs.h"

namespace dtp::kernel {

// What a pair has of one of its events.
struct PairedField {
  std::string field = {};  // of the event, or common_pid, common_cpu
  std::size_t size = 0;    // of a number; 0: a string
  bool is_signed = false;  // a number, as the event's format has it
  std::size_t room = 0;    // of a string that always takes so much; 0: as long as it is
};

struct PairedEvent {
  EventName name = {};
  std::string filter = {};             // in the kernel's language
  std::vector<std::string> keys = {};  // fields whose values, in this order, are those of the other event's
  std::vector<PairedField> fields = {};
};

struct Pairing {
  PairedEvent from = {};
  PairedEvent to = {};
};

// The fields of the pair's event, in this order.
inline constexpr const char* pair_time = "time";        // of the first hit, in nanoseconds
inline constexpr const char* pair_latency = "latency";  // from there to the second one
std::string name_in_pair(bool is_of_end, std::size_t field);

// "dtp_1_2 u64 time; u64 latency; u32 a0; char b0[]"
std::string definition_of(const Pairing& pairing, const std::string& event);
// The first one must be there before the second, and longer.
std::string first_trigger(const Pairing& pairing);
std::string second_trigger(const Pairing& pairing, const std::string& event);

// The event that comes of pairs, empty until an instance has the triggers. A process has one at a time.
class PairEvent {
 public:
  static Result<PairEvent> create(TraceFs& tracefs, const Pairing& pairing);
  PairEvent(PairEvent&& other) noexcept : tracefs_(other.tracefs_), name_(std::exchange(other.name_, {})) {}
  PairEvent& operator=(PairEvent&&) = delete;
  PairEvent(const PairEvent&) = delete;
  PairEvent& operator=(const PairEvent&) = delete;
  ~PairEvent();

  const EventName& name() const { return name_; }

  static bool are_there(TraceFs& tracefs) { return tracefs.exists(list); }
  // The file that lists such events, and what removes one from it.
  static constexpr const char* list = "synthetic_events";
  static std::string removal_of(const std::string& event) { return "!" + event; }

 private:
  PairEvent(TraceFs& tracefs, EventName name) : tracefs_(&tracefs), name_(std::move(name)) {}
  TraceFs* tracefs_;
  EventName name_;
};

// Those of owners that are dead; their instances are gone already.
void remove_stale_pair_events(TraceFs& tracefs);

}  // namespace dtp::kernel
