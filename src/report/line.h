// What of a record a line shows, and how its time is shown.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dtracepp/record.h"

namespace dtp::report {

// A part of a line: a word of ours, or a field of some event.
struct Column {
  enum class Kind { comm, pid, tid, cpu, time, event, ip, fields, stack, field };
  Kind kind = Kind::field;
  std::string name = {};  // of the field, or the word
  bool operator==(const Column&) const = default;
};
inline constexpr std::array<std::string_view, 9> column_words{"comm",  "pid", "tid",    "cpu",  "time",
                                                              "event", "ip",  "fields", "stack"};
// "fields.pid" is a field even if its name is a word of ours.
Column parse_column(std::string_view name);

enum class Times {
  recorded,  // of the clock of the recording
  wall,      // the time of day
  relative,  // since the first line
  delta,     // since the line before
};

struct LineOptions {
  std::vector<Column> columns = {};  // empty: those that the format has
  Times times = Times::recorded;
  std::int64_t wall_offset_ns = 0;  // from the recording's clock to the time of day
};

// A column of the lines of one event.
struct Step {
  Column::Kind kind = Column::Kind::field;
  const record::FieldSchema* field = nullptr;  // of Kind::field
  std::size_t place = 0;                       // of its value
};
// `fields` are there one by one; what the event has not is left out.
std::vector<Step> make_steps(const std::vector<Column>& columns, const record::EventSchema& schema);

// Times of records as lines show them, in nanoseconds.
class LineTimes {
 public:
  explicit LineTimes(const LineOptions& options) : times_(options.times), offset_ns_(options.wall_offset_ns) {}
  std::uint64_t shown(std::uint64_t time_ns);

 private:
  Times times_;
  std::int64_t offset_ns_;
  bool is_first_ = true;
  std::uint64_t from_ns_ = 0;
};

// Times of day, of the time zone of whoever looks: "2026-11-21T12:51:56.123456+01:00".
class WallText {
 public:
  void append(std::string& out, std::uint64_t time_ns, int digits);

 private:
  std::uint64_t second_ = UINT64_MAX;
  std::string date_ = {};  // up to the second
  std::string zone_ = {};
};

}  // namespace dtp::report
