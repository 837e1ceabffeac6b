#include "report/flame_graph.h"

#include <algorithm>
#include <map>

#include "report/key.h"

namespace dtp::report {
namespace {

// A box is drawn if it is a tenth of a pixel wide on a page of 1200 pixels.
constexpr std::uint64_t narrowest = 12'000;

// The hits of one stack, in the recording that is shown and in the one that it is compared to.
struct Path {
  std::vector<std::size_t> labels = {};  // the outermost first
  std::uint64_t hits = 0;
  std::uint64_t before = 0;
};

FlameLabel::Kind kind_of(const Function& function) {
  if (function.is_inlined) return FlameLabel::Kind::inlined;
  return function.is_kernel ? FlameLabel::Kind::kernel : FlameLabel::Kind::user;
}

class Builder {
 public:
  Builder(Order order, bool is_difference) : order_(order), is_difference_(is_difference) {}

  void add(const Profile& profile, bool is_before) {
    std::vector<std::size_t> functions;
    for (const Function& function : profile.functions) functions.push_back(id_of(label_of(function)));
    for (const StackHits& stack : profile.stacks) {
      const Group& group = profile.groups[stack.group];
      Path path{.labels = head_of(profile, group)};
      (is_before ? path.before : path.hits) = stack.hits;
      const auto keys_end = static_cast<std::ptrdiff_t>(path.labels.size());
      for (const FunctionId function : stack.functions) path.labels.push_back(functions[function]);
      if (order_ == Order::callee) std::reverse(path.labels.begin() + keys_end, path.labels.end());
      paths_of_event_[profile.events[group.event].name].push_back(std::move(path));
    }
  }

  // The roots stand in the order of the events of `shown`.
  FlameGraph finish(const Profile& shown) && {
    FlameGraph graph{.is_difference = is_difference_};
    for (const auto& [label, id] : id_of_) graph.labels.push_back(label);
    // A map is in order, so that a label's place tells where it sorts.
    std::vector<std::size_t> place(id_of_.size());
    std::size_t at = 0;
    for (const auto& [label, id] : id_of_) place[id] = at++;
    for (const ProfiledEvent& event : shown.events) {
      std::vector<Path>& paths = paths_of_event_[event.name];
      for (Path& path : paths)
        for (std::size_t& label : path.labels) label = place[label];
      graph.roots.push_back(lay_out(paths));
    }
    return graph;
  }

 private:
  std::size_t id_of(FlameLabel label) { return id_of_.try_emplace(std::move(label), id_of_.size()).first->second; }

  // Two recordings may have the same file in different places.
  FlameLabel label_of(const Function& function) const {
    return {function.name, is_difference_ ? file_name(function.module) : function.module, kind_of(function)};
  }

  // What stands above the functions.
  std::vector<std::size_t> head_of(const Profile& profile, const Group& group) {
    std::vector<std::size_t> labels{id_of({.name = profile.events[group.event].name})};
    for (const std::string& key : group.keys) labels.push_back(id_of({.name = key, .kind = FlameLabel::Kind::key}));
    return labels;
  }

  // In this order, stacks that begin alike are neighbours: a box ends where the next stack has another function.
  static FlameRoot lay_out(std::vector<Path>& paths) {
    std::ranges::sort(paths, {}, &Path::labels);
    FlameRoot root;
    std::vector<std::size_t> open;  // boxes of the last stack
    for (const Path& path : paths) {
      std::size_t same = 0;
      while (same < open.size() && same < path.labels.size() && root.boxes[open[same]].label == path.labels[same])
        ++same;
      open.resize(same);
      for (std::size_t depth = same; depth < path.labels.size(); ++depth) {
        open.push_back(root.boxes.size());
        root.boxes.push_back({.label = path.labels[depth], .depth = depth, .begin = root.hits});
      }
      for (const std::size_t box : open) {
        root.boxes[box].hits += path.hits;
        root.boxes[box].before += path.before;
      }
      root.hits += path.hits;
      root.before += path.before;
    }
    if (root.before > 0) std::erase_if(root.boxes, [](const FlameBox& box) { return box.hits == 0; });
    const std::uint64_t least = std::max<std::uint64_t>(1, root.hits / narrowest);
    root.narrow = std::erase_if(root.boxes, [&](const FlameBox& box) { return box.hits < least; });
    return root;
  }

  Order order_;
  bool is_difference_;
  std::map<FlameLabel, std::size_t> id_of_ = {};
  std::map<std::string, std::vector<Path>> paths_of_event_ = {};
};

}  // namespace

FlameGraph make_flame_graph(const Profile& profile, Order order) {
  Builder builder(order, false);
  builder.add(profile, false);
  return std::move(builder).finish(profile);
}

FlameGraph make_difference(const Profile& before, const Profile& after, Order order) {
  Builder builder(order, true);
  builder.add(before, true);
  builder.add(after, false);
  return std::move(builder).finish(after);
}

double growth(const FlameRoot& root, const FlameBox& box) {
  return percent(box.hits, root.hits) - percent(box.before, root.before);
}

}  // namespace dtp::report
