// What packets of a Perfetto trace refer to by numbers: names, frames, stacks. Each is written once, with the first
// packet that uses it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "dtracepp/record.h"
#include "report/perfetto_fields.h"
#include "symbol/stacks.h"
#include "symbol/symbolizer.h"

namespace dtp::report {

class PerfettoNames {
 public:
  explicit PerfettoNames(symbol::Symbolizer& symbols) : symbols_(symbols) {}

  // `kind` is one of those that have a name and nothing else. The text is untrusted.
  std::uint64_t name(perfetto::Interned kind, std::string_view text);
  // 0: nothing was recorded.
  std::uint64_t stack(const record::Stack& stack);
  // What was new since the last call, as the fields of InternedData.
  std::string take_new() { return std::exchange(new_, {}); }
  // There is so much that it should be forgotten: forget() and tell the reader.
  bool is_full() const { return bytes_ > most_bytes; }
  void forget() {
    ids_.clear();
    stack_of_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t most_bytes = 32UL << 20;

  std::pair<std::uint64_t, bool> find(perfetto::Interned kind, std::string_view key);
  std::uint64_t text(perfetto::Interned kind, std::string_view key, std::string_view bytes);
  std::uint64_t mapping(const record::Module& module);
  std::uint64_t new_stack(const record::Stack& stack);
  std::uint64_t frame(const record::Frame& frame, std::size_t depth, const std::string& function);

  symbol::Symbolizer& symbols_;
  symbol::Stacks stacks_ = {};
  std::unordered_map<std::string, std::uint64_t> ids_ = {};       // by kind and content
  std::unordered_map<std::string, std::uint64_t> stack_of_ = {};  // by what was recorded: most stacks were seen before
  std::size_t bytes_ = 0;                                         // of the keys
  std::uint64_t last_id_ = 0;                                     // never used again, not even after forget()
  std::string key_ = {};
  std::string new_ = {};
};

}  // namespace dtp::report
