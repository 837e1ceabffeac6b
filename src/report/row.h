// Records as rows: the values of the names that an answer asks for.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dtracepp/record.h"
#include "record/process_tree.h"
#include "report/show.h"
#include "symbol/stacks.h"
#include "symbol/symbolizer.h"

namespace dtp::report {

using Row = std::vector<Cell>;  // in the order of the names

// Names that every record has, unless the event has a field of that name. `latency` is that of a pair, `function` the
// innermost of the stack, `stack` all of it; `ppid`, `parent` and `chain` are who started the process. `phases` are
// those between the records of a pair.
inline constexpr std::string_view row_words[] = {"time",     "pid",   "tid",  "comm",   "cpu",   "event", "latency",
                                                 "function", "stack", "ppid", "parent", "chain", "phases"};

// What knows more than a record does. None: the words that need it have no value.
struct RowSources {
  symbol::Symbolizer* symbols = nullptr;
  record::ProcessTree* processes = nullptr;
};

class RowMaker {
 public:
  explicit RowMaker(std::vector<std::string> names, RowSources sources = {})
      : names_(std::move(names)), sources_(sources) {}
  const std::vector<std::string>& names() const { return names_; }
  // What the record has not is Absent. `room` is a row that nobody needs any more.
  Row make(const record::Record& record, Row room = {});
  // Of one name.
  Cell make(const record::Record& record, std::size_t name) { return cell_of(record, places_of(*record.schema)[name]); }

 private:
  enum class Source { none, time, pid, tid, comm, cpu, event, function, stack, ppid, parent, chain, field };
  struct Place {
    Source source = Source::none;
    std::size_t field = 0;
  };
  const std::vector<Place>& places_of(const record::EventSchema& schema);
  Cell cell_of(const record::Record& record, Place place);
  // Names of functions, innermost first.
  value::Array functions_of(const record::Record& record);

  std::vector<std::string> names_;
  RowSources sources_;
  symbol::Stacks stacks_ = {};
  std::unordered_map<const record::EventSchema*, std::vector<Place>> places_ = {};
};

}  // namespace dtp::report
