// Stacks as boxes: a function's width is its share of the hits, what it called stands below it.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "report/call_tree.h"
#include "report/profile.h"

namespace dtp::report {

struct FlameLabel {
  enum class Kind { event, key, user, kernel, inlined };
  std::string name = {};  // raw, untrusted
  std::string file = {};  // that it is in; untrusted, empty: not known
  Kind kind = Kind::event;
  auto operator<=>(const FlameLabel&) const = default;
};

// A function where it was called from the functions above it.
struct FlameBox {
  std::size_t label = 0;    // into FlameGraph::labels
  std::size_t depth = 0;    // 0: the event itself, then its keys, then functions
  std::uint64_t begin = 0;  // hits of what stands to the left
  std::uint64_t hits = 0;
  std::uint64_t before = 0;  // hits in the recording that is compared to
  bool operator==(const FlameBox&) const = default;
};

// One event.
struct FlameRoot {
  std::uint64_t hits = 0;
  std::uint64_t before = 0;
  std::vector<FlameBox> boxes = {};  // each before those below it, from left to right
  std::size_t narrow = 0;            // how many boxes were left out, since nobody would see them
};

struct FlameGraph {
  bool is_difference = false;
  std::vector<FlameLabel> labels = {};
  std::vector<FlameRoot> roots = {};
};

FlameGraph make_flame_graph(const Profile& profile, Order order);
// Boxes are those of `after`. Functions are the same if their names and the names of their files are.
FlameGraph make_difference(const Profile& before, const Profile& after, Order order);

// What a box's share of its event has grown by, in percentage points.
double growth(const FlameRoot& root, const FlameBox& box);

}  // namespace dtp::report
