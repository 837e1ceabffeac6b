// A trace is a sequence of packets. One says what clock the times are of; others describe a process, a thread, or a
// counter, before the first event on its track; the rest are events:
//
//   entry of a function whose return is recorded, too   a slice begins
//   its return                                          the slice ends, with those inside whose returns were lost
//   anything else                                       an instant
//
// Fields are debug annotations. What names and stacks packets refer to is in PerfettoNames. Memory is bounded: when
// there are too many names the sequence starts anew, which is marked in the packet.
#include "report/perfetto.h"

#include <time.h>

#include <algorithm>
#include <protozero/pbf_builder.hpp>
#include <unordered_map>
#include <unordered_set>

#include "base/escape.h"
#include "report/numbers.h"
#include "report/open_calls.h"
#include "report/perfetto_names.h"
#include "report/value_text.h"

namespace dtp::report {
namespace {

using namespace perfetto;  // the messages

template <class Fields>
using Message = protozero::pbf_builder<Fields>;

constexpr std::uint32_t sequence_id = 1;

// Perfetto's number of a clock.
std::uint32_t clock_number(const std::optional<std::uint32_t>& clock) {
  constexpr std::uint32_t of_perf = 10;
  if (!clock) return of_perf;
  switch (*clock) {
    case CLOCK_REALTIME: return 1;
    case CLOCK_REALTIME_COARSE: return 2;
    case CLOCK_MONOTONIC: return 3;
    case CLOCK_MONOTONIC_COARSE: return 4;
    case CLOCK_MONOTONIC_RAW: return 5;
    case CLOCK_BOOTTIME: return 6;
    default: return of_perf;
  }
}
constexpr std::uint32_t time_of_day = 1;

// Tracks have numbers of 64 bits that nothing else in the trace has.
std::uint64_t process_track(std::uint32_t pid) { return std::uint64_t{1} << 32 | pid; }
std::uint64_t thread_track(std::uint32_t tid) { return std::uint64_t{2} << 32 | tid; }
std::uint64_t counter_track(std::size_t place) { return std::uint64_t{3} << 32 | place; }

class Perfetto final : public Report {
 public:
  Perfetto(Output& output, symbol::Symbolizer& symbols, const TimelineOptions& options)
      : output_(output), options_(options), clock_(clock_number(options.clock)), names_(symbols) {}

  Result<void> begin(std::span<const record::EventSchema> schemas) override {
    for (const record::EventSchema& leave : schemas) {
      if (!leave.is_return) continue;
      for (const record::EventSchema& entry : schemas)
        if (!entry.is_return && entry.group == leave.group && entry.event + "__return" == leave.event)
          entry_of_[&leave] = &entry;
    }
    for (const auto& [leave, entry] : entry_of_) has_return_.insert(entry);
    return {};
  }

  Result<void> record(const record::Record& record) override {
    if (!has_clock_) write_clock(record.time_ns);
    if (names_.is_full() || is_new_) restart();
    describe_tracks(record);
    write_hit(record);
    for (const std::string& counter : options_.counters) write_counter(record, counter);
    return output_.line_done();
  }

  Result<void> end() override { return output_.flush(); }

 private:
  static constexpr std::size_t most_threads = 100'000;

  // Calls fill(packet).
  template <class Fill>
  void write_packet(Fill&& fill) {
    packet_.clear();
    {
      Message<Packet> packet(packet_);
      packet.add_uint32(Packet::sequence_id, sequence_id);
      fill(packet);
    }
    Message<Trace>(output_.buffer()).add_message(Trace::packet, packet_);
  }

  void write_clock(std::uint64_t time_ns) {
    has_clock_ = true;
    write_packet([&](Message<Packet>& packet) {
      Message<ClockSnapshot> snapshot(packet, Packet::clock_snapshot);
      const auto add_clock = [&](std::uint32_t number, std::uint64_t at_ns) {
        Message<Clock> clock(snapshot, ClockSnapshot::clocks);
        clock.add_uint32(Clock::clock_id, number);
        clock.add_uint64(Clock::timestamp, at_ns);
      };
      add_clock(clock_, time_ns);
      if (options_.wall_offset_ns && clock_ != time_of_day)
        add_clock(time_of_day, time_ns + static_cast<std::uint64_t>(*options_.wall_offset_ns));
      snapshot.add_uint32(ClockSnapshot::primary_trace_clock, clock_);
    });
  }

  // What was interned so far is not referred to any more.
  void restart() {
    names_.forget();
    write_packet([&](Message<Packet>& packet) {
      packet.add_uint32(Packet::sequence_flags, incremental_state_cleared);
      packet.add_bool(Packet::previous_packet_dropped, true);  // there was none before
      Message<Defaults> defaults(packet, Packet::defaults);
      defaults.add_uint32(Defaults::timestamp_clock_id, clock_);
    });
    is_new_ = false;
  }

  // Again when a name has changed. A process has that of its first thread, as soon as it is known.
  void describe_tracks(const record::Record& record) {
    if (const auto known = threads_.find(record.tid); known != threads_.end() && known->second == record.comm) return;
    if (threads_.size() >= most_threads) {
      threads_.clear();
      processes_.clear();
    }
    threads_[record.tid] = record.comm;
    const std::string name = base::escape(record.comm);
    const bool is_first = record.pid == record.tid;
    if (processes_.insert(record.pid).second || is_first) describe_process(record.pid, is_first ? name : "");
    write_packet([&](Message<Packet>& packet) {
      Message<TrackDescriptor> track(packet, Packet::track_descriptor);
      track.add_uint64(TrackDescriptor::uuid, thread_track(record.tid));
      track.add_uint64(TrackDescriptor::parent_uuid, process_track(record.pid));
      Message<Thread> thread(track, TrackDescriptor::thread);
      thread.add_int32(Thread::pid, static_cast<std::int32_t>(record.pid));
      thread.add_int32(Thread::tid, static_cast<std::int32_t>(record.tid));
      thread.add_string(Thread::thread_name, name);
    });
  }

  void describe_process(std::uint32_t pid, const std::string& name) {
    write_packet([&](Message<Packet>& packet) {
      Message<TrackDescriptor> track(packet, Packet::track_descriptor);
      track.add_uint64(TrackDescriptor::uuid, process_track(pid));
      Message<Process> process(track, TrackDescriptor::process);
      process.add_int32(Process::pid, static_cast<std::int32_t>(pid));
      if (!name.empty()) process.add_string(Process::process_name, name);
    });
  }

  void write_hit(const record::Record& record) {
    const auto entry = entry_of_.find(record.schema);
    if (entry != entry_of_.end()) {
      const auto left =
          calls_.leave(record.tid, [&](const record::EventSchema* call) { return call == entry->second; });
      if (!left) return write_event(record, EventType::instant);
      for (std::size_t i = 0; i < left->inside; ++i) write_bare_end(record);
      return write_event(record, EventType::slice_end);
    }
    const bool is_call = has_return_.contains(record.schema);
    if (is_call) calls_.enter(record.tid, record.schema);
    write_event(record, is_call ? EventType::slice_begin : EventType::instant);
  }

  void write_bare_end(const record::Record& record) {
    write_packet([&](Message<Packet>& packet) {
      packet.add_uint64(Packet::timestamp, record.time_ns);
      packet.add_uint32(Packet::sequence_flags, needs_incremental_state);
      Message<TrackEvent> event(packet, Packet::track_event);
      event.add_enum(TrackEvent::type, static_cast<std::int32_t>(EventType::slice_end));
      event.add_uint64(TrackEvent::track_uuid, thread_track(record.tid));
    });
  }

  // An end has the name of its beginning.
  void write_event(const record::Record& record, EventType type) {
    const record::EventSchema& schema = *record.schema;
    event_.clear();
    {
      Message<TrackEvent> event(event_);
      event.add_enum(TrackEvent::type, static_cast<std::int32_t>(type));
      event.add_uint64(TrackEvent::track_uuid, thread_track(record.tid));
      if (type != EventType::slice_end) {
        event.add_uint64(TrackEvent::category_iids, names_.name(Interned::event_categories, schema.group));
        event.add_uint64(TrackEvent::name_iid, names_.name(Interned::event_names, schema.event));
        if (const std::uint64_t stack = names_.stack(record.stack); stack != 0)
          event.add_uint64(TrackEvent::callstack_iid, stack);
      }
      for (std::size_t i = 0; i < schema.fields.size(); ++i) add_annotation(event, schema.fields[i], record.values[i]);
    }
    const std::string interned = names_.take_new();
    write_packet([&](Message<Packet>& packet) {
      packet.add_uint64(Packet::timestamp, record.time_ns);
      packet.add_uint32(Packet::sequence_flags, needs_incremental_state);
      if (!interned.empty()) packet.add_message(Packet::interned_data, interned);
      packet.add_message(Packet::track_event, event_);
    });
  }

  // Numbers are numbers; what is more than that is as text shows it.
  void add_annotation(Message<TrackEvent>& event, const record::FieldSchema& field, const value::Value& value) {
    Message<Annotation> annotation(event, TrackEvent::debug_annotations);
    annotation.add_uint64(Annotation::name_iid, names_.name(Interned::debug_annotation_names, field.name));
    const auto* plain = std::get_if<std::uint64_t>(&value.of);
    const auto* with_sign = std::get_if<std::int64_t>(&value.of);
    const bool is_counted = is_number(field) && field.kind != record::FieldKind::character;
    if (plain != nullptr && is_counted) {
      if (field.display == path::Display::boolean) return annotation.add_bool(Annotation::bool_value, *plain != 0);
      const bool is_pointer = field.kind == record::FieldKind::hex && field.display == path::Display::none;
      return annotation.add_uint64(is_pointer ? Annotation::pointer_value : Annotation::uint_value, *plain);
    }
    if (with_sign != nullptr && is_counted) return annotation.add_int64(Annotation::int_value, *with_sign);
    std::string text;
    if (const auto* string = std::get_if<std::string>(&value.of))
      base::append_escaped(text, *string);
    else
      append_value(text, value, field);
    annotation.add_string(Annotation::string_value, text);
  }

  void write_counter(const record::Record& record, const std::string& name) {
    const record::FieldSchema* field = find_field(*record.schema, name);
    if (field == nullptr || !is_number(*field)) return;
    const value::Value& value = value_of(record, *field);
    const auto* plain = std::get_if<std::uint64_t>(&value.of);
    const auto* with_sign = std::get_if<std::int64_t>(&value.of);
    if (plain == nullptr && with_sign == nullptr) return;
    const std::uint64_t track = find_counter(record, *field);
    write_packet([&](Message<Packet>& packet) {
      packet.add_uint64(Packet::timestamp, record.time_ns);
      packet.add_uint32(Packet::sequence_flags, needs_incremental_state);
      Message<TrackEvent> event(packet, Packet::track_event);
      event.add_enum(TrackEvent::type, static_cast<std::int32_t>(EventType::counter));
      event.add_uint64(TrackEvent::track_uuid, track);
      if (plain != nullptr && *plain > INT64_MAX)
        event.add_double(TrackEvent::double_counter_value, static_cast<double>(*plain));
      else
        event.add_int64(TrackEvent::counter_value, plain != nullptr ? static_cast<std::int64_t>(*plain) : *with_sign);
    });
  }

  // Each process has its own.
  std::uint64_t find_counter(const record::Record& record, const record::FieldSchema& field) {
    std::string key = record.schema->group + ":" + record.schema->event + " " + field.name;
    const std::string name = base::escape(key);
    (key += '\0') += std::to_string(record.pid);
    if (counters_.size() >= most_threads) counters_.clear();
    const auto [at, is_new] = counters_.try_emplace(std::move(key), last_counter_ + 1);
    const std::uint64_t track = counter_track(at->second);
    if (!is_new) return track;
    ++last_counter_;
    write_packet([&](Message<Packet>& packet) {
      Message<TrackDescriptor> descriptor(packet, Packet::track_descriptor);
      descriptor.add_uint64(TrackDescriptor::uuid, track);
      descriptor.add_string(TrackDescriptor::name, name);
      descriptor.add_uint64(TrackDescriptor::parent_uuid, process_track(record.pid));
      descriptor.add_message(TrackDescriptor::counter, std::string());
    });
    return track;
  }

  Output& output_;
  TimelineOptions options_;
  std::uint32_t clock_;
  PerfettoNames names_;
  bool has_clock_ = false;
  bool is_new_ = true;
  std::unordered_map<const record::EventSchema*, const record::EventSchema*> entry_of_ = {};  // by the return
  std::unordered_set<const record::EventSchema*> has_return_ = {};
  OpenCalls<const record::EventSchema*> calls_ = {};
  std::unordered_map<std::uint32_t, std::string> threads_ = {};  // those that were described, with their names
  std::unordered_set<std::uint32_t> processes_ = {};
  std::unordered_map<std::string, std::size_t> counters_ = {};  // by name and process
  std::size_t last_counter_ = 0;
  std::string packet_ = {};
  std::string event_ = {};
};

}  // namespace

std::unique_ptr<Report> make_perfetto(Output& output, symbol::Symbolizer& symbols, const TimelineOptions& options) {
  return std::make_unique<Perfetto>(output, symbols, options);
}

}  // namespace dtp::report
