// Stacks as a tree, from the outermost functions or from the innermost.
#pragma once

#include <cstdint>
#include <vector>

#include "report/profile.h"

namespace dtp::report {

enum class Order {
  caller,  // from who began it to what was hit
  callee,  // from what was hit to who began it
};

struct CallNode {
  FunctionId function = 0;
  std::uint64_t hits = 0;       // of this function and those below
  std::uint64_t own = 0;        // of stacks that end here
  std::vector<CallNode> children = {};  // most hits first
};

// The root has no function.
CallNode make_call_tree(const std::vector<const StackHits*>& stacks, Order order);

}  // namespace dtp::report
