//   # Event 'probe:vfs_read': 20 hits before, 40 after
//   #
//   #  Change   Before    After  Function
//   # .......  .......  .......  ........
//   #
//      +40.00   45.00%   85.00%  read_header (cat)
//
// Changes are in percentage points: the recordings may differ in length.
#include "report/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/escape.h"
#include "report/key.h"

namespace dtp::report {
namespace {

struct Hits {
  std::uint64_t before = 0;
  std::uint64_t after = 0;
};

struct Compared {
  Hits all = {};
  std::map<std::string, Hits> rows = {};
};

using Member = std::uint64_t Hits::*;

std::string function_text(const Function& function) {
  const std::string file = file_name(function.module);
  const std::string name = base::escape(function.name);
  // "[libc.so.6]" says it already.
  return file.empty() || function.name.starts_with('[') ? name : name + " (" + base::escape(file) + ")";
}

std::string key_text(const Group& group) {
  std::string text;
  for (const std::string& key : group.keys) text += (text.empty() ? "" : ", ") + key;
  return text;
}

void add_functions(std::map<std::string, Compared>& events, const Profile& profile, Member member) {
  std::vector<std::string> texts;
  for (const Function& function : profile.functions) texts.push_back(function_text(function));
  for (const StackHits& stack : profile.stacks) {
    Compared& event = events[profile.events[profile.groups[stack.group].event].name];
    // One that calls itself has part in the hit once.
    std::set<std::string_view> seen;
    for (const FunctionId function : stack.functions)
      if (seen.insert(texts[function]).second) event.rows[texts[function]].*member += stack.hits;
  }
}

void add_keys(std::map<std::string, Compared>& events, const Profile& profile, Member member) {
  for (const Group& group : profile.groups)
    events[profile.events[group.event].name].rows[key_text(group)].*member += group.hits;
}

void add_totals(std::map<std::string, Compared>& events, const Profile& profile, Member member) {
  for (const ProfiledEvent& event : profile.events) events[event.name].all.*member += event.hits;
}

struct Row {
  std::string name;
  double before = 0;
  double after = 0;
  double change() const { return after - before; }
};

std::string table_of(const Compared& event, const std::string& heading, double limit) {
  std::vector<Row> rows;
  std::size_t left_out = 0;
  for (const auto& [name, hits] : event.rows) {
    const Row row{name, percent(hits.before, event.all.before), percent(hits.after, event.all.after)};
    if (std::max(row.before, row.after) < limit)
      ++left_out;
    else
      rows.push_back(row);
  }
  std::ranges::stable_sort(rows, std::ranges::greater{}, [](const Row& row) { return std::abs(row.change()); });
  std::string text = fmt::format("#\n#  Change   Before    After  {}\n# .......  .......  .......  {}\n#\n", heading,
                                 std::string(heading.size(), '.'));
  for (const Row& row : rows)
    text += fmt::format("  {:+7.2f}  {:6.2f}%  {:6.2f}%  {}\n", row.change(), row.before, row.after, row.name);
  if (left_out > 0) text += fmt::format("\n# {} more below {}%\n", left_out, limit);
  return text;
}

}  // namespace

Result<void> write_difference(Output& output, const Profile& before, const Profile& after,
                              const DifferenceOptions& options) {
  const bool with_functions = options.with_functions && (has_stacks(before) || has_stacks(after));
  std::map<std::string, Compared> events;
  for (const auto& [profile, member] : {std::pair{&before, &Hits::before}, std::pair{&after, &Hits::after}}) {
    add_totals(events, *profile, member);
    (with_functions ? add_functions : add_keys)(events, *profile, member);
  }
  std::string heading = with_functions ? "Function" : "";
  if (!with_functions)
    for (const Key& key : after.keys) heading += (heading.empty() ? "" : ", ") + key.name;
  bool is_first = true;
  for (const auto& [name, event] : events) {
    output.buffer() += fmt::format("{}# Event '{}': {} hits before, {} after\n", is_first ? "" : "\n", name,
                                   event.all.before, event.all.after);
    output.buffer() += table_of(event, heading, options.percent_limit);
    DTP_CHECK(output.line_done());
    is_first = false;
  }
  return {};
}

}  // namespace dtp::report
