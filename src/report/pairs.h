// Two records that belong together, as one row: what was between them.
//
// By thread calls nest: a second record belongs to the last first one that has none yet. By values of fields the last
// first one counts, as it does in the kernel's own histograms. A first record that stays belongs to all second ones,
// until the next first one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "dtracepp/record.h"
#include "report/open_calls.h"
#include "report/row.h"

namespace dtp::report {

// A field of the first record, and the one of the second that has the same value.
struct Match {
  std::string first = {};
  std::string second = {};
};

class Pairs {
 public:
  // Without matches records of the same thread belong together. What both records have is taken from the first, but the
  // names of `of_end` from the second.
  Pairs(std::vector<std::string> names, const std::vector<Match>& by, RowSources sources = {},
        const std::vector<std::string>& of_end = {}, bool stays = false);

  const std::vector<std::string>& names() const { return rows_.names(); }
  void begin(const record::Record& record);
  // "latency" is the nanoseconds between them. Valid until the next call; null: there was no first record.
  Row* end(const record::Record& record);

  std::uint64_t open() const;  // first records without a second
  // Their rows; of pairs by values only.
  std::vector<Row> open_rows() const;
  std::uint64_t lone_ends() const { return lone_ends_; }

 private:
  struct Open {
    std::uint64_t time_ns = 0;
    Row row = {};
  };
  std::optional<Open> take(const record::Record& record);
  std::optional<Open> take_by_key(const record::Record& record);
  static std::string key_of(RowMaker& keys, const record::Record& record);

  // Traced systems may begin as much as they like.
  static constexpr std::size_t most_open = 1 << 20;

  RowMaker rows_;
  RowMaker first_keys_;
  RowMaker second_keys_;
  std::size_t latency_ = 0;           // which name it is; none: behind the last
  std::vector<bool> is_of_end_ = {};  // of each name
  bool stays_ = false;
  OpenCalls<Open> calls_ = {};
  Row row_ = {};    // the last
  Row spare_ = {};  // the one before: its memory is for the next
  std::unordered_map<std::string, Open> by_key_ = {};
  std::uint64_t forgotten_ = 0;
  std::uint64_t lone_ends_ = 0;
};

}  // namespace dtp::report
