// When records came, in few enough steps for a drawing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dtp::report {

class Rates {
 public:
  static constexpr std::size_t most_steps = 600;

  // Times may be out of order.
  void add(std::size_t event, std::uint64_t time_ns);

  // All of one width, from the first record on; as many as there are to the last one.
  std::uint64_t step_ns() const { return step_ns_; }
  // Records in each step, of each event.
  const std::vector<std::vector<std::uint64_t>>& hits() const { return hits_; }
  std::size_t steps() const { return steps_; }

 private:
  void double_step();

  std::uint64_t begin_ns_ = 0;
  std::uint64_t step_ns_ = 1000;
  std::size_t steps_ = 0;
  std::vector<std::vector<std::uint64_t>> hits_ = {};
};

}  // namespace dtp::report
