#include "report/phases.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/escape.h"
#include "report/units.h"

namespace dtp::report {
namespace {

// A phase as a value: an Array of these.
enum Part : std::size_t { name, depth, calls, took, whole_took, parts };

std::uint64_t number_of(const value::Array& phase, Part part) {
  const auto* number = std::get_if<std::uint64_t>(&phase[part].of);
  return number == nullptr ? 0 : *number;
}

std::string name_of(const value::Array& phase) {
  const auto* text = std::get_if<std::string>(&phase[name].of);
  return text == nullptr ? "" : *text;
}

std::vector<const value::Array*> list_of(const value::Value& phases) {
  std::vector<const value::Array*> list;
  if (const auto* all = std::get_if<value::Array>(&phases.of))
    for (const value::Value& one : *all)
      if (const auto* phase = std::get_if<value::Array>(&one.of); phase != nullptr && phase->size() == parts)
        list.push_back(phase);
  return list;
}

}  // namespace

void Phases::begin(std::uint32_t thread, std::uint64_t time_ns) {
  if (threads_.size() >= most_threads && !threads_.contains(thread)) threads_.clear();
  std::vector<Whole>& wholes = threads_[thread];
  if (wholes.size() >= most_open) wholes.erase(wholes.begin());
  wholes.push_back({.since_ns = time_ns});
}

std::size_t Phases::node_of(Whole& whole, std::size_t phase) {
  const std::size_t around = whole.open.empty() ? 0 : whole.open.back().node;
  if (around == none) return none;
  if (whole.nodes[around].phase == phase) return around;
  for (const std::size_t node : whole.nodes[around].inside)
    if (whole.nodes[node].phase == phase) return node;
  if (whole.nodes.size() >= most_nodes) return none;
  const std::size_t node = whole.nodes.size();
  whole.nodes.push_back({.phase = phase, .depth = around == 0 ? 0 : whole.nodes[around].depth + 1});
  whole.nodes[around].inside.push_back(node);
  return node;
}

void Phases::enter(std::uint32_t thread, std::size_t phase, std::uint64_t time_ns) {
  const auto found = threads_.find(thread);
  if (found == threads_.end()) return;
  Whole& whole = found->second.back();
  const std::size_t node = whole.open.size() < most_open ? node_of(whole, phase) : none;
  if (node == none)
    ++whole.left_out;
  else
    ++whole.nodes[node].calls;
  const bool is_timed = whole.open.empty() || whole.open.back().node != node;
  if (whole.open.size() < most_open) whole.open.push_back({node, time_ns, is_timed});
}

// Whatever is open from there on has ended.
void Phases::close(Whole& whole, std::size_t from, std::uint64_t time_ns) {
  for (; whole.open.size() > from; whole.open.pop_back()) {
    const Open& open = whole.open.back();
    if (open.node != none && open.is_timed) whole.nodes[open.node].ns += time_ns - open.since_ns;
  }
}

void Phases::leave(std::uint32_t thread, std::size_t phase, std::uint64_t time_ns) {
  const auto found = threads_.find(thread);
  if (found == threads_.end()) return;
  Whole& whole = found->second.back();
  std::size_t at = whole.open.size();
  const auto is_it = [&](const Open& open) { return open.node != none && whole.nodes[open.node].phase == phase; };
  while (at > 0 && !is_it(whole.open[at - 1])) --at;
  if (at > 0) close(whole, at - 1, time_ns);
}

value::Value Phases::end(std::uint32_t thread, std::uint64_t time_ns) {
  const auto found = threads_.find(thread);
  if (found == threads_.end()) return {};
  Whole whole = std::move(found->second.back());
  found->second.pop_back();
  if (found->second.empty()) threads_.erase(found);
  close(whole, 0, time_ns);
  const std::uint64_t whole_ns = time_ns - whole.since_ns;
  value::Array list;
  const auto add = [&](std::string name, std::uint64_t depth, std::uint64_t calls, std::uint64_t ns) {
    list.push_back({value::Array{{std::move(name)}, {depth}, {calls}, {ns}, {whole_ns}}});
  };
  std::vector<std::size_t> left(whole.nodes[0].inside.rbegin(), whole.nodes[0].inside.rend());
  while (!left.empty()) {
    const Node& node = whole.nodes[left.back()];
    left.pop_back();
    add(names_[node.phase], node.depth, node.calls, node.ns);
    left.insert(left.end(), node.inside.rbegin(), node.inside.rend());
  }
  if (whole.left_out > 0) add("left out", 0, whole.left_out, 0);
  return {std::move(list)};
}

std::vector<std::string> phase_lines(const value::Value& phases) {
  const std::vector<const value::Array*> list = list_of(phases);
  // Of a phase within 1000 others the name stands at the left all the same.
  const auto indented = [](const value::Array& phase) {
    constexpr std::uint64_t deepest = 20;
    return std::string(2 * std::min(number_of(phase, depth), deepest), ' ') + base::escape(name_of(phase));
  };
  std::size_t width = 0;
  for (const value::Array* phase : list) width = std::max(width, indented(*phase).size());
  std::vector<std::string> lines;
  for (const value::Array* phase : list) {
    const std::uint64_t count = number_of(*phase, calls);
    const auto ns = static_cast<double>(number_of(*phase, took));
    const auto whole = static_cast<double>(std::max<std::uint64_t>(number_of(*phase, whole_took), 1));
    lines.push_back(fmt::format("        {:<{}}  {:>6} {:<5}  {:>9}  {:>5.1f} %", indented(*phase), width, count,
                                count == 1 ? "call" : "calls", duration_text(ns), 100 * ns / whole));
  }
  return lines;
}

void append_phases_json(std::string& out, const value::Value& phases) {
  out += '[';
  for (const value::Array* phase : list_of(phases)) {
    if (out.back() != '[') out += ',';
    out += "{\"phase\":";
    base::append_json_string(out, name_of(*phase));
    out += fmt::format(R"(,"depth":{},"calls":{},"took":{}}})", number_of(*phase, depth), number_of(*phase, calls),
                       number_of(*phase, took));
  }
  out += ']';
}

}  // namespace dtp::report
