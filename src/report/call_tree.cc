#include "report/call_tree.h"

#include <algorithm>
#include <utility>

namespace dtp::report {
namespace {

struct Path {
  std::vector<FunctionId> functions = {};
  std::uint64_t hits = 0;
};

void sort_by_hits(CallNode& node) {
  std::ranges::stable_sort(node.children, std::ranges::greater{}, &CallNode::hits);
  for (CallNode& child : node.children) sort_by_hits(child);
}

}  // namespace

CallNode make_call_tree(const std::vector<const StackHits*>& stacks, Order order) {
  std::vector<Path> paths;
  for (const StackHits* stack : stacks) {
    paths.push_back({stack->functions, stack->hits});
    if (order == Order::callee) std::ranges::reverse(paths.back().functions);
  }
  std::ranges::sort(paths, {}, &Path::functions);
  CallNode root;
  for (const Path& path : paths) {
    CallNode* node = &root;
    node->hits += path.hits;
    for (const FunctionId function : path.functions) {
      // In this order a function that is there already is the last one.
      if (node->children.empty() || node->children.back().function != function)
        node->children.push_back({.function = function});
      node = &node->children.back();
      node->hits += path.hits;
    }
    node->own += path.hits;
  }
  sort_by_hits(root);
  return root;
}

}  // namespace dtp::report
