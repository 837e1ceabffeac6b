// Field numbers of Perfetto's trace packets, of the messages that we write: protos/perfetto/trace in its sources.
#pragma once

#include <protozero/types.hpp>

#include <cstdint>

namespace dtp::report::perfetto {

enum class Trace : protozero::pbf_tag_type { packet = 1 };
enum class Packet : protozero::pbf_tag_type {
  clock_snapshot = 6,
  timestamp = 8,
  sequence_id = 10,
  track_event = 11,
  interned_data = 12,
  sequence_flags = 13,
  previous_packet_dropped = 42,
  defaults = 59,
  track_descriptor = 60,
};
// Of sequence_flags.
constexpr std::uint32_t incremental_state_cleared = 1;
constexpr std::uint32_t needs_incremental_state = 2;

enum class Defaults : protozero::pbf_tag_type { timestamp_clock_id = 58 };

enum class ClockSnapshot : protozero::pbf_tag_type { clocks = 1, primary_trace_clock = 2 };
enum class Clock : protozero::pbf_tag_type { clock_id = 1, timestamp = 2 };

enum class TrackDescriptor : protozero::pbf_tag_type {
  uuid = 1,
  name = 2,
  process = 3,
  thread = 4,
  parent_uuid = 5,
  counter = 8,
};
enum class Process : protozero::pbf_tag_type { pid = 1, process_name = 6 };
enum class Thread : protozero::pbf_tag_type { pid = 1, tid = 2, thread_name = 5 };

enum class TrackEvent : protozero::pbf_tag_type {
  category_iids = 3,
  debug_annotations = 4,
  type = 9,
  name_iid = 10,
  track_uuid = 11,
  counter_value = 30,
  double_counter_value = 44,
  callstack_iid = 56,
};
enum class EventType : std::int32_t { slice_begin = 1, slice_end = 2, instant = 3, counter = 4 };
enum class Annotation : protozero::pbf_tag_type {
  name_iid = 1,
  bool_value = 2,
  uint_value = 3,
  int_value = 4,
  string_value = 6,
  pointer_value = 7,
};

enum class Interned : protozero::pbf_tag_type {
  event_categories = 1,
  event_names = 2,
  debug_annotation_names = 3,
  function_names = 5,
  frames = 6,
  callstacks = 7,
  build_ids = 16,
  mapping_paths = 17,
  mappings = 19,
};
// Of names of events, categories, annotations and functions, and of paths alike.
enum class InternedName : protozero::pbf_tag_type { iid = 1, name = 2 };
enum class Frame : protozero::pbf_tag_type { iid = 1, function_name_id = 2, mapping_id = 3, rel_pc = 4 };
enum class Callstack : protozero::pbf_tag_type { iid = 1, frame_ids = 2 };
enum class Mapping : protozero::pbf_tag_type { iid = 1, build_id = 2, path_string_ids = 7 };

}  // namespace dtp::report::perfetto
