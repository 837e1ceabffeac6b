// The one way from perf's records to typed ones, for files and for live rings.
#pragma once

#include <linux/perf_event.h>

#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "dtracepp/error.h"
#include "dtracepp/record.h"
#include "record/address_spaces.h"
#include "record/comm.h"
#include "record/jit_names.h"
#include "record/layout.h"
#include "record/time_order.h"

namespace dtp::record {

// A perf event whose records are in the stream.
struct StreamEvent {
  perf_event_attr attr = {};
  std::vector<std::uint64_t> ids = {};
};

struct Counts {
  std::uint64_t records = 0;  // given to the consumer
  std::uint64_t lost = 0;     // as LOST records tell
  std::uint64_t other = 0;    // samples that are not of a tracepoint we have the format of
  std::uint64_t broken = 0;   // samples shorter than they say
};

// Gets every record in order of time. An error stops the stream.
using Consumer = std::function<Result<void>(const Record&)>;

class Stream {
 public:
  // `schemas` must outlive the stream.
  static Result<Stream> create(std::span<const StreamEvent> events, std::span<const EventSchema> schemas,
                               Consumer consumer);

  // One whole record with its header. Samples stay where they are until their turn: see TimeOrder.
  Result<void> add(std::span<const std::byte> record);
  Result<void> end_round();
  Result<void> finish();

  CommTable& comms() { return comms_; }
  AddressSpaces& spaces() { return spaces_; }
  // As if a record had told it.
  void add_mapping(const NewMapping& mapping);
  JitNames& jit() { return jit_; }
  const Counts& counts() const { return counts_; }

 private:
  Stream() = default;
  const Layout* layout_of_sample(std::span<const std::byte> record) const;
  const Layout* layout_of_other(std::span<const std::byte> record) const;
  const EventSchema* schema_of(std::span<const std::byte> raw);
  const EventSchema* member_of(const EventSchema& any, std::span<const std::byte> raw) const;
  Result<void> emit(std::span<const std::byte> record);
  void note_comm(std::span<const std::byte> record);
  void note_fork(std::span<const std::byte> record);
  void note_mapping(std::span<const std::byte> record);
  void take_stack(const Sample& sample);
  Result<void> emit_sample(std::span<const std::byte> record);

  std::vector<Layout> layouts_ = {};
  bool uniform_ = true;  // all layouts are the first
  std::unordered_map<std::uint64_t, std::size_t> layout_of_id_ = {};
  std::unordered_map<std::uint16_t, const EventSchema*> schemas_ = {};  // of a shared event: any of its members
  std::unordered_map<std::uint32_t, const EventSchema*> members_ = {};
  const EventSchema* last_schema_ = nullptr;
  TimeOrder<> order_ = {};
  CommTable comms_ = {};
  AddressSpaces spaces_ = {};
  JitNames jit_ = {};
  Counts counts_ = {};
  Record record_ = {};  // reused, so that its strings keep their memory
  Consumer consumer_ = {};
};

}  // namespace dtp::record
