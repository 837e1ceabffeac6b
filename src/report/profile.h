// Records added up by keys and by stack: what call graphs are made of.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dtracepp/record.h"
#include "report/key.h"
#include "symbol/stacks.h"
#include "symbol/symbolizer.h"

namespace dtp::report {

using FunctionId = std::uint32_t;

// What a stack is made of. The same function of the same file is one, wherever in it the stack was taken.
struct Function {
  std::string name = {};    // raw, untrusted; "[libc.so.6]", a file alone, where the function is not known
  std::string module = {};  // the path of its file; empty: not known
  bool is_kernel = false;
  bool is_inlined = false;
  bool operator==(const Function&) const = default;
};

// What a function of a frame is called in reports: its name, or where that is not known its file in brackets.
// Untrusted.
std::string function_name(const record::Frame& frame, const symbol::Name& name);

// The hits of one event that have the same keys.
struct Group {
  std::size_t event = 0;               // into Profile::events
  std::vector<std::string> keys = {};  // printable, one for each of Profile::keys; of what the event has not "-"
  std::uint64_t hits = 0;
};

// Those of them that have the same stack.
struct StackHits {
  std::size_t group = 0;
  std::vector<FunctionId> functions = {};  // outermost first; empty: no stack was recorded
  std::uint64_t hits = 0;
};

struct ProfiledEvent {
  std::string name = {};  // "probe:vfs_read", printable
  std::uint64_t hits = 0;
};

struct Profile {
  std::vector<Key> keys = {};
  std::vector<ProfiledEvent> events = {};
  std::vector<Function> functions = {};
  std::vector<Group> groups = {};
  std::vector<StackHits> stacks = {};
  std::uint64_t first_ns = 0;  // times of the first and the last record
  std::uint64_t last_ns = 0;
};

// The event with most hits; of a profile without events 0.
std::size_t most_hit_event(const Profile& profile);

// The share of `part` in `whole`, of nothing 0.
inline double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// Whether any stack was recorded.
bool has_stacks(const Profile& profile);

class Profiler {
 public:
  // `symbols` outlives the profiler.
  Profiler(std::vector<Key> keys, symbol::Symbolizer& symbols);
  void add(const record::Record& record);
  Profile finish() &&;

 private:
  std::size_t find_event(const record::EventSchema& schema);
  std::size_t find_stack(const record::Record& record);
  std::vector<FunctionId> functions_of(const record::Stack& stack);
  FunctionId find_function(Function function);
  void append_names(const record::Frame& frame, std::vector<FunctionId>& functions);
  std::size_t find_group(std::size_t event, std::vector<std::string> keys);
  Hit hit_of(const std::vector<FunctionId>& functions) const;
  void put_raw(const record::Record& record);

  Profile profile_ = {};
  symbol::Symbolizer& symbols_;
  symbol::Stacks stacks_ = {};
  std::string raw_ = {};  // what tells a record's place in the profile, as bytes: most records have one seen before
  std::unordered_map<std::string, std::size_t> by_raw_ = {};
  std::unordered_map<const record::EventSchema*, std::size_t> event_of_ = {};
  std::unordered_map<std::string, FunctionId> function_of_ = {};
  std::unordered_map<std::string, std::size_t> group_of_ = {};
  std::unordered_map<std::string, std::size_t> stack_of_ = {};
};

}  // namespace dtp::report
