// What threads did from one point to another: of runs that took long, every step, in the order of time.
//
// A second point ends the run that its thread began last. Steps are kept until then, for it is not known before whether
// the run takes long.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "dtracepp/record.h"
#include "report/row.h"

namespace dtp::report {

struct RunCounts {
  std::uint64_t ended = 0;
  std::uint64_t shown = 0;
  std::uint64_t open = 0;       // without an end
  std::uint64_t forgotten = 0;  // there was no room for their steps
};

class Runs {
 public:
  // A record is a step of each thread whose number is in one of the values `of`. Values of a row are those of its
  // record, and "thread"; "latency", the length of the run; "since", the time since the step before.
  Runs(std::vector<std::string> names, std::vector<std::string> of, std::uint64_t over_ns, RowSources sources = {});

  void begin(const record::Record& record);
  void step(const record::Record& record);
  // The steps of the run that ends here, if it took as long as wanted.
  std::vector<Row> end(const record::Record& record);
  RunCounts counts() const;

  // Traced systems may do as much as they like between two points.
  static constexpr std::size_t most_steps = 100'000;
  static constexpr std::size_t most_deep = 64;

 private:
  struct Step {
    std::uint64_t time_ns = 0;
    Row row = {};
  };
  struct Thread {
    std::vector<std::size_t> begins = {};  // steps, the innermost run last
    std::vector<Step> steps = {};
  };
  void add(std::uint32_t thread, const record::Record& record);
  void make_room();
  void close(std::uint32_t thread);

  RowMaker rows_;
  RowMaker owners_;
  std::uint64_t over_ns_;
  std::unordered_map<std::uint32_t, Thread> threads_ = {};  // that are in a run
  std::size_t steps_ = 0;
  RunCounts counts_ = {};
};

}  // namespace dtp::report
