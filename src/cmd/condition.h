// A condition on hits, as --when and --snapshot-on take it: comparisons as in a filter, and what is computed as in a
// recipe's `where`.
//
// What is joined by && is decided one by one: by the kernel's filter, where its language goes so far, else by the
// reader, for whom the hit is recorded first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/command.h"
#include "cmd/recording.h"
#include "report/formula.h"
#include "report/row.h"

namespace dtp::cmd {

class Condition {
 public:
  // None asked for: every hit meets it.
  Condition() = default;
  // `option` is where the user typed it. What the kernel can decide goes into the filters of the events. `symbols`
  // outlives it; none: there are no stacks.
  static Result<Condition> create(std::string_view option, const std::string& text, std::vector<WatchedEvent>& events,
                                  symbol::Symbolizer* symbols);

  // Of a record that has passed the filters.
  bool is_met(const record::Record& record);
  // Whoever passes the filters meets it.
  bool is_of_kernel() const;
  // Who decides what, on standard error.
  void print(std::string_view option) const;

 private:
  // Of an event.
  struct Part {
    std::uint16_t event = 0;                      // the kernel's number of it
    std::string name = {};                        // "probe:vfs_read"
    std::string filter = {};                      // what the kernel decides; empty: nothing
    std::optional<report::Formula> formula = {};  // what the reader decides; none: nothing
    report::RowMaker rows;
  };
  std::vector<Part> parts_ = {};
};

}  // namespace dtp::cmd
