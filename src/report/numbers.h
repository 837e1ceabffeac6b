// A number of each record, added up by keys: a field, or the time between two events.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dtracepp/record.h"
#include "report/distribution.h"
#include "report/key.h"
#include "report/open_calls.h"
#include "report/units.h"
#include "symbol/stacks.h"
#include "symbol/symbolizer.h"

namespace dtp::report {

struct NumberGroup {
  std::vector<std::string> keys = {};  // printable, one for each of Numbers::keys
  Distribution values = {};
};

// Of different events numbers mean different things: they are never added together.
struct EventNumbers {
  std::string event = {};  // "probe:vfs_read", printable
  Distribution all = {};
  std::uint64_t unreadable = 0;          // records without the number
  std::vector<NumberGroup> groups = {};  // most numbers first; none without keys
  std::uint64_t ungrouped = 0;           // numbers that came when there were too many groups already
};

struct Numbers {
  std::string name = {};  // the field, "latency"
  Unit unit = Unit::none;
  std::vector<Key> keys = {};
  std::vector<EventNumbers> events = {};  // those that have numbers, in the order of their first
  std::uint64_t open_calls = 0;           // entries without a return
  std::uint64_t lone_returns = 0;         // returns without an entry
};

// A group takes some 10 KB, at most 60 KB.
inline constexpr std::size_t most_groups = 4096;

// The numbers of events and groups while they are added up.
class NumberTable {
 public:
  NumberTable(std::string name, Unit unit, std::vector<Key> keys) : numbers_{std::move(name), unit, std::move(keys)} {}

  std::size_t add_event(std::string name);
  // `keys` are texts that end with a NUL each.
  void add(std::size_t event, const std::string& keys, Wide number);
  void add_unreadable(std::size_t event) { ++numbers_.events[event].unreadable; }
  const std::vector<Key>& keys() const { return numbers_.keys; }
  Numbers finish() &&;

 private:
  Numbers numbers_;
  std::vector<std::unordered_map<std::string, std::size_t>> group_of_ = {};  // of each event
};

// The texts of the keys, each with a NUL behind it.
class KeyTexts {
 public:
  explicit KeyTexts(symbol::Symbolizer& symbols) : symbols_(symbols) {}
  void append(std::string& out, const Key& key, const record::Record& record);

 private:
  symbol::Symbolizer& symbols_;
  symbol::Stacks stacks_ = {};
};

// A field is a number that can be added up: no address, no text.
bool is_number(const record::FieldSchema& field);

// Numbers of a field, of all events that have it as a number.
class FieldNumbers {
 public:
  // `symbols` outlives it.
  FieldNumbers(std::string field, std::vector<Key> keys, symbol::Symbolizer& symbols)
      : table_(field, Unit::none, std::move(keys)), texts_(symbols), field_(std::move(field)) {}
  void add(const record::Record& record);
  Numbers finish() && { return std::move(table_).finish(); }

 private:
  struct Place {
    const record::FieldSchema* field = nullptr;  // none: the event has it not, or not as a number
    std::size_t event = 0;
  };

  NumberTable table_;
  KeyTexts texts_;
  std::string field_;
  std::unordered_map<const record::EventSchema*, Place> places_ = {};
  std::string key_ = {};
};

// Times from an entry to its return in the same thread. Calls of a thread nest: a return belongs to the last entry
// that has none yet.
class Latency {
 public:
  // Keys are those of the entry; what it has not is taken from the return.
  Latency(const record::EventSchema& entry, const record::EventSchema& leave, std::vector<Key> keys,
          symbol::Symbolizer& symbols);
  void add(const record::Record& record);
  Numbers finish() &&;

 private:
  struct Call {
    std::uint64_t time_ns = 0;
    std::vector<std::string> keys = {};  // with NULs; empty: to be taken from the return
  };
  bool has(const record::EventSchema& schema, const Key& key) const;

  NumberTable table_;
  KeyTexts texts_;
  const record::EventSchema* entry_;
  const record::EventSchema* leave_;
  OpenCalls<Call> calls_ = {};
  std::uint64_t lone_returns_ = 0;
  std::string key_ = {};
};

}  // namespace dtp::report
