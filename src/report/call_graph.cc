// The shape of perf report --stdio:
//
//   # Samples: 3 of event 'probe:vfs_read'
//   #
//   # Percent  Hits  comm
//   # .......  ....  ....
//   #
//      66.67%     2  cat
//               |
//               ---main
//                  |
//                  |--33.33%--read_header
//                  |
//                   --33.33%--read_body
//
// A function stands below its only caller; where ways part, each has its share of the event's hits.
#include "report/call_graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/escape.h"

namespace dtp::report {
namespace {

class CallGraph {
 public:
  CallGraph(Output& output, const Profile& profile, const CallGraphOptions& options)
      : output_(output), profile_(profile), options_(options), stacks_(profile.groups.size()) {
    for (const StackHits& stack : profile.stacks) stacks_[stack.group].push_back(&stack);
    for (const Key& key : profile.keys) widths_.push_back(key.name.size());
    for (const Group& group : profile.groups)
      for (std::size_t i = 0; i < widths_.size(); ++i) widths_[i] = std::max(widths_[i], group.keys[i].size());
  }

  Result<void> write() {
    for (std::size_t event = 0; event < profile_.events.size(); ++event) DTP_CHECK(write_event(event));
    return {};
  }

 private:
  Result<void> write_event(std::size_t event) {
    std::vector<std::size_t> groups;
    for (std::size_t i = 0; i < profile_.groups.size(); ++i)
      if (profile_.groups[i].event == event) groups.push_back(i);
    std::ranges::stable_sort(groups, std::ranges::greater{}, [&](std::size_t i) { return profile_.groups[i].hits; });
    total_ = profile_.events[event].hits;
    if (event > 0) line("");
    DTP_CHECK(write_head(profile_.events[event]));
    std::size_t left_out = 0;
    std::uint64_t hits_left_out = 0;
    for (const std::size_t group : groups) {
      if (is_shown(profile_.groups[group].hits)) {
        DTP_CHECK(write_group(group));
      } else {
        ++left_out;
        hits_left_out += profile_.groups[group].hits;
      }
    }
    if (left_out == 0) return {};
    return line(fmt::format("# {} more below {}%: {} hits", left_out, options_.percent_limit, hits_left_out));
  }

  Result<void> write_head(const ProfiledEvent& event) {
    hits_width_ = std::max<std::size_t>(4, std::to_string(event.hits).size());
    std::string names = fmt::format("# Percent  {:>{}}", "Hits", hits_width_);
    std::string dots = fmt::format("# .......  {}", std::string(hits_width_, '.'));
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      const bool is_last = i + 1 == widths_.size();
      names += fmt::format("  {:<{}}", profile_.keys[i].name, is_last ? 0 : widths_[i]);
      dots += "  " + std::string(widths_[i], '.');
    }
    DTP_CHECK(line(fmt::format("# Samples: {} of event '{}'", event.hits, event.name)));
    DTP_CHECK(line("#"));
    DTP_CHECK(line(names));
    DTP_CHECK(line(dots));
    return line("#");
  }

  Result<void> write_group(std::size_t place) {
    const Group& group = profile_.groups[place];
    std::string row = fmt::format("{}  {:>{}}", share(group.hits, 8), group.hits, hits_width_);
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      const bool is_last = i + 1 == widths_.size();
      row += fmt::format("  {:<{}}", group.keys[i], is_last ? 0 : widths_[i]);
    }
    DTP_CHECK(line(row));
    if (!options_.with_stacks) return {};
    const CallNode root = make_call_tree(stacks_[place], options_.order);
    if (root.children.empty()) return {};
    return write_root(root);
  }

  Result<void> write_root(const CallNode& root) {
    const std::string margin(12, ' ');
    const bool is_single = is_only_way(root);
    if (!is_single) {
      DTP_CHECK(write_ways(root, margin));
      return line("");
    }
    DTP_CHECK(line(margin + "|"));
    const CallNode& first = root.children.front();
    DTP_CHECK(line(margin + "---" + name_of(first)));
    DTP_CHECK(write_below(first, margin + "   "));
    return line("");
  }

  // Everything that comes here goes on to one function.
  static bool is_only_way(const CallNode& node) { return node.children.size() == 1 && node.own == 0; }

  Result<void> write_below(const CallNode& from, const std::string& margin) {
    const CallNode* node = &from;
    for (; is_only_way(*node); node = &node->children.front())
      DTP_CHECK(line(margin + name_of(node->children.front())));
    return write_ways(*node, margin);
  }

  Result<void> write_ways(const CallNode& node, const std::string& margin) {
    const auto hidden = std::ranges::find_if(node.children, [&](const CallNode& way) { return !is_shown(way.hits); });
    for (auto way = node.children.begin(); way != hidden; ++way) {
      const bool is_last = std::next(way) == hidden;
      DTP_CHECK(line(margin + "|"));
      DTP_CHECK(line(fmt::format("{}{}--{}--{}", margin, is_last ? ' ' : '|', share(way->hits, 0), name_of(*way))));
      DTP_CHECK(write_below(*way, margin + (is_last ? ' ' : '|') + std::string(10, ' ')));
    }
    return {};
  }

  bool is_shown(std::uint64_t hits) const { return percent(hits, total_) >= options_.percent_limit; }

  // Colours are perf's.
  std::string share(std::uint64_t hits, int width) const {
    const double value = percent(hits, total_);
    const std::string text = fmt::format("{:{}.2f}%", value, width);
    if (!options_.with_colour || value < 0.5) return text;
    return fmt::format("\033[{}m{}\033[0m", value < 5 ? 32 : 31, text);
  }

  std::string name_of(const CallNode& node) const {
    const Function& function = profile_.functions[node.function];
    return base::escape(function.name) + (function.is_inlined ? " (inlined)" : "");
  }

  Result<void> line(std::string_view text) {
    output_.buffer() += text;
    output_.buffer() += '\n';
    return output_.line_done();
  }

  Output& output_;
  const Profile& profile_;
  const CallGraphOptions& options_;
  std::vector<std::vector<const StackHits*>> stacks_;  // of each group
  std::vector<std::size_t> widths_ = {};               // of the columns of keys
  std::size_t hits_width_ = 0;
  std::uint64_t total_ = 0;  // hits of the event
};

}  // namespace

Result<void> write_call_graph(Output& output, const Profile& profile, const CallGraphOptions& options) {
  return CallGraph(output, profile, options).write();
}

}  // namespace dtp::report
