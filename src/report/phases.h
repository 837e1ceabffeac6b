// What a thread does between the two records of a pair: a query and its phases, which have phases of their own.
//
// Calls of one phase within the same other one are added up, in the order in which they began first. A phase that calls
// itself is one phase, whose time is that of the outermost call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dtracepp/value.h"
#include "report/show.h"

namespace dtp::report {

class Phases {
 public:
  explicit Phases(std::vector<std::string> names) : names_(std::move(names)) {}
  // The whole that phases are of; there may be a whole within a whole.
  void begin(std::uint32_t thread, std::uint64_t time_ns);
  // Outside of a whole they are not counted. `phase` is an index of the names.
  void enter(std::uint32_t thread, std::size_t phase, std::uint64_t time_ns);
  void leave(std::uint32_t thread, std::size_t phase, std::uint64_t time_ns);
  // Of the whole, which ends: a list for phase_lines() and append_phases_json().
  value::Value end(std::uint32_t thread, std::uint64_t time_ns);

 private:
  static constexpr std::size_t none = SIZE_MAX;
  struct Node {
    std::size_t phase = none;
    std::size_t depth = 0;
    std::vector<std::size_t> inside = {};
    std::uint64_t calls = 0;
    std::uint64_t ns = 0;
  };
  struct Open {
    std::size_t node = none;
    std::uint64_t since_ns = 0;
    bool is_timed = true;  // not of a phase that is open already
  };
  struct Whole {
    std::uint64_t since_ns = 0;
    std::vector<Node> nodes = {Node{}};  // the first is the whole
    std::vector<Open> open = {};
    std::uint64_t left_out = 0;
  };
  static std::size_t node_of(Whole& whole, std::size_t phase);
  static void close(Whole& whole, std::size_t from, std::uint64_t time_ns);

  // Traced systems may nest and vary as they like.
  static constexpr std::size_t most_threads = 65'536;
  static constexpr std::size_t most_nodes = 1024;
  static constexpr std::size_t most_open = 1024;

  std::vector<std::string> names_;
  std::unordered_map<std::uint32_t, std::vector<Whole>> threads_ = {};
};

// "  optimise       1 call     1.2 ms   40.0 %", indented by how deep it is.
std::vector<std::string> phase_lines(const value::Value& phases);
void append_phases_json(std::string& out, const value::Value& phases);

}  // namespace dtp::report
