#include "report/perfetto.h"

#include <doctest/doctest.h>

#include <protozero/pbf_reader.hpp>

#include "report/perfetto_names.h"

namespace dtp::report {
namespace {

using perfetto::EventType;
using protozero::pbf_reader;
using record::FieldKind;

const std::vector<record::EventSchema> schemas{
    {.group = "g", .event = "outer", .fields = {{.name = "n"}}, .is_probe = true},
    {.group = "g", .event = "outer__return", .is_probe = true, .is_return = true},
    {.group = "g", .event = "inner", .is_probe = true},
    {.group = "g", .event = "inner__return", .is_probe = true, .is_return = true},
    {.group = "other", .event = "inner__return", .is_probe = true, .is_return = true},
};

record::Record hit(std::size_t schema, std::uint64_t time_ns, value::Value value = {}) {
  record::Record record{.schema = &schemas[schema], .time_ns = time_ns, .pid = 7, .tid = 7, .comm = "a\xff"};
  if (!schemas[schema].fields.empty()) record.values = {value};
  return record;
}

template <class Tag>
bool is(const pbf_reader& message, Tag tag) {
  return message.tag() == static_cast<protozero::pbf_tag_type>(tag);
}

// The track events of the records' trace.
std::vector<std::string> events_of(const std::vector<record::Record>& records, const TimelineOptions& options = {}) {
  Output output(-1);
  symbol::Symbolizer symbols({});
  const auto report = make_perfetto(output, symbols, options);
  REQUIRE(report->begin(schemas));
  for (const record::Record& record : records) REQUIRE(report->record(record));
  std::vector<std::string> events;
  for (pbf_reader trace(output.buffer()); trace.next();) {
    for (pbf_reader packet = trace.get_message(); packet.next();) {
      if (is(packet, perfetto::Packet::track_event))
        events.emplace_back(packet.get_view());
      else
        packet.skip();
    }
  }
  return events;
}

std::vector<EventType> types_of(const std::vector<record::Record>& records) {
  std::vector<EventType> types;
  for (const std::string& bytes : events_of(records))
    for (pbf_reader event(bytes); event.next();) {
      if (is(event, perfetto::TrackEvent::type))
        types.push_back(static_cast<EventType>(event.get_enum()));
      else
        event.skip();
    }
  return types;
}

}  // namespace

TEST_CASE("a return ends its call, and the calls inside whose returns were lost") {
  using enum EventType;
  CHECK(types_of({hit(0, 1), hit(2, 2), hit(3, 3), hit(1, 4)}) ==
        std::vector{slice_begin, slice_begin, slice_end, slice_end});
  CHECK(types_of({hit(0, 1), hit(2, 2), hit(2, 3), hit(1, 4)}) ==
        std::vector{slice_begin, slice_begin, slice_begin, slice_end, slice_end, slice_end});
  // Without its entry, and of another group.
  CHECK(types_of({hit(2, 1), hit(1, 2), hit(4, 3), hit(3, 4)}) ==
        std::vector{slice_begin, instant, instant, slice_end});
}

TEST_CASE("counters hold every number of 64 bits") {
  const TimelineOptions options{.counters = {"n"}};
  const auto counter = [&](value::Value value) {
    const std::vector<std::string> events = events_of({hit(0, 1, std::move(value))}, options);
    for (pbf_reader event(events.back()); event.next();) {
      if (is(event, perfetto::TrackEvent::counter_value)) return static_cast<double>(event.get_int64());
      if (is(event, perfetto::TrackEvent::double_counter_value)) return event.get_double();
      event.skip();
    }
    return 0.5;
  };
  CHECK(counter({std::uint64_t{5}}) == 5);
  CHECK(counter({std::int64_t{-5}}) == -5);
  CHECK(counter({UINT64_MAX}) == 18446744073709551616.0);
  CHECK(counter({value::Absent{"fault"}}) == 0.5);  // the last event is the hit
}

TEST_CASE("names are written once, and again when they were forgotten, with other numbers") {
  symbol::Symbolizer symbols({});
  PerfettoNames names(symbols);
  const std::uint64_t first = names.name(perfetto::Interned::event_names, "a");
  CHECK_FALSE(names.take_new().empty());
  CHECK(names.name(perfetto::Interned::event_names, "a") == first);
  CHECK(names.take_new().empty());
  CHECK(names.name(perfetto::Interned::event_categories, "a") != first);
  CHECK_FALSE(names.take_new().empty());
  names.forget();
  CHECK(names.name(perfetto::Interned::event_names, "a") > first);
  CHECK(names.stack({}) == 0);
  CHECK_FALSE(names.is_full());
  for (int i = 0; i < 40; ++i)
    names.name(perfetto::Interned::function_names, std::string(1 << 20, static_cast<char>(i)));
  CHECK(names.is_full());
  names.forget();
  CHECK_FALSE(names.is_full());
}

}  // namespace dtp::report
