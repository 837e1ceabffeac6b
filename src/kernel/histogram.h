// Hits counted in the kernel: hist triggers (Documentation/trace/histogram.rst) in an instance of our own. A hit costs
// the traced system less than a record, and this process nothing.
//
// What the kernel gives is text, and strings of the traced system stand in it as they are. A string may look like more
// lines of the table: then there are more of them than the kernel says there are, and nothing is believed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dtracepp/error.h"
#include "kernel/events.h"
#include "kernel/instance_folder.h"

namespace dtp::kernel {

struct HistogramKey {
  enum class Kind {
    number,
    text,
    powers,  // 0..1, 2, 3..4, 5..8: up to the next power of two
    steps,   // of `width` numbers each
  };
  std::string field = {};
  Kind kind = Kind::number;
  std::uint64_t width = 0;
  bool operator==(const HistogramKey&) const = default;
};

// What is counted of an event.
struct HistogramEvent {
  EventName name = {};
  std::vector<HistogramKey> keys = {};  // at least one
  std::vector<std::string> sums = {};   // fields whose numbers are added up
  std::string filter = {};              // in the kernel's language
};

struct HistogramEntry {
  // Numbers are those of 64 bits, whatever the field is; of powers and steps the greatest of them that is meant.
  std::vector<std::variant<std::uint64_t, std::string>> keys = {};  // in the order of the request
  std::uint64_t hits = 0;
  std::vector<std::uint64_t> sums = {};  // modulo 2^64
  bool operator==(const HistogramEntry&) const = default;
};

struct Histogram {
  std::vector<HistogramEntry> entries = {};
  std::uint64_t hits = 0;
  std::uint64_t dropped = 0;  // hits of further entries: there was no room
  bool operator==(const Histogram&) const = default;
};

// The trigger, without its filter: "hist:keys=common_pid,size.log2:vals=size:size=16384".
std::string trigger_of(const HistogramEvent& event);

// The file `hist` of an event. `is_still`: nobody counts meanwhile, so that all must add up.
Result<Histogram> parse_histogram(std::string_view text, const HistogramEvent& event, bool is_still);

// Histograms of some events, in an instance that is gone with the object.
class Histograms {
 public:
  // None of them counts yet. The error is a request that this kernel does not take, too.
  static Result<Histograms> create(TraceFs& tracefs, std::vector<HistogramEvent> events, std::span<const pid_t> tasks);

  Result<void> start() { return control("continue"); }
  Result<void> stop();
  // Of the event of this index. Before stop() what is read is as of about now.
  Result<Histogram> read(std::size_t index) const;

  // Of each; a power of two. An entry takes some hundred bytes of the kernel's memory.
  static constexpr std::size_t most_entries = 16'384;

  // Whether this kernel has histograms at all.
  static bool are_there(TraceFs& tracefs);

 private:
  Histograms(TraceFs& tracefs, InstanceFolder folder, std::vector<HistogramEvent> events)
      : tracefs_(&tracefs), folder_(std::move(folder)), events_(std::move(events)) {}
  Result<void> control(const std::string& word) const;

  TraceFs* tracefs_;
  InstanceFolder folder_;
  std::vector<HistogramEvent> events_;
  bool is_still_ = false;
};

}  // namespace dtp::kernel
