// Records as rows: the values of the names that an answer asks for.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dtracepp/record.h"
#include "report/show.h"

namespace dtp::report {

using Row = std::vector<Cell>;  // in the order of the names

// Names that every record has, unless the event has a field of that name. `latency` is that of a pair.
inline constexpr std::string_view row_words[] = {"time", "pid", "tid", "comm", "cpu", "event", "latency"};

class RowMaker {
 public:
  explicit RowMaker(std::vector<std::string> names) : names_(std::move(names)) {}
  const std::vector<std::string>& names() const { return names_; }
  // What the record has not is Absent.
  Row make(const record::Record& record);

 private:
  enum class Source { none, time, pid, tid, comm, cpu, event, field };
  struct Place {
    Source source = Source::none;
    std::size_t field = 0;
  };
  const std::vector<Place>& places_of(const record::EventSchema& schema);
  static Cell cell_of(const record::Record& record, Place place);

  std::vector<std::string> names_;
  std::unordered_map<const record::EventSchema*, std::vector<Place>> places_ = {};
};

}  // namespace dtp::report
