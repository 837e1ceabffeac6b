#include "report/runs.h"

#include <algorithm>
#include <utility>

namespace dtp::report {

Runs::Runs(std::vector<std::string> names, std::vector<std::string> of, std::uint64_t over_ns, RowSources sources)
    : rows_(std::move(names), sources), owners_(std::move(of)), over_ns_(over_ns) {}

// The longest of them gives way.
void Runs::make_room() {
  const auto longest =
      std::ranges::max_element(threads_, {}, [](const auto& entry) { return entry.second.steps.size(); });
  counts_.forgotten += longest->second.begins.size();
  close(longest->first);
}

void Runs::close(std::uint32_t thread) {
  const auto found = threads_.find(thread);
  steps_ -= found->second.steps.size();
  threads_.erase(found);
}

// A stack is that of the thread which is running.
void Runs::add(std::uint32_t thread, const record::Record& record) {
  Row row = rows_.make(record);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string& name = rows_.names()[i];
    if (name == "thread") row[i] = {{std::uint64_t{thread}}};
    if (thread != record.tid && (name == "stack" || name == "function")) row[i] = {};
  }
  threads_[thread].steps.push_back({record.time_ns, std::move(row)});
  ++steps_;
}

void Runs::begin(const record::Record& record) {
  if (steps_ >= most_steps) make_room();
  Thread& thread = threads_[record.tid];
  if (thread.begins.size() >= most_deep) {
    ++counts_.forgotten;
    thread.begins.erase(thread.begins.begin());
  }
  thread.begins.push_back(thread.steps.size());
  add(record.tid, record);
}

void Runs::step(const record::Record& record) {
  if (threads_.empty()) return;
  std::vector<std::uint32_t> seen;
  for (const Cell& cell : owners_.make(record)) {
    Wide number = 0;
    if (!get_number(cell, number)) continue;
    const auto thread = static_cast<std::uint32_t>(number);
    if (!threads_.contains(thread) || std::ranges::find(seen, thread) != seen.end()) continue;
    seen.push_back(thread);
    if (steps_ >= most_steps) make_room();
    if (threads_.contains(thread)) add(thread, record);
  }
}

std::vector<Row> Runs::end(const record::Record& record) {
  const auto found = threads_.find(record.tid);
  if (found == threads_.end()) return {};
  add(record.tid, record);
  ++counts_.ended;
  Thread& thread = found->second;
  const std::size_t begin = thread.begins.back();
  thread.begins.pop_back();
  const std::uint64_t length_ns = record.time_ns - thread.steps[begin].time_ns;
  std::vector<Row> rows;
  for (std::size_t i = begin; length_ns >= over_ns_ && i < thread.steps.size(); ++i) {
    Row& row = rows.emplace_back(thread.steps[i].row);
    for (std::size_t j = 0; j < row.size(); ++j) {
      const std::string& name = rows_.names()[j];
      if (name == "latency") row[j] = {{length_ns}};
      if (name == "since") row[j] = i == begin ? Cell{} : Cell{{thread.steps[i].time_ns - thread.steps[i - 1].time_ns}};
    }
  }
  if (thread.begins.empty()) close(record.tid);
  if (!rows.empty()) ++counts_.shown;
  return rows;
}

RunCounts Runs::counts() const {
  RunCounts counts = counts_;
  for (const auto& [tid, thread] : threads_) counts.open += thread.begins.size();
  return counts;
}

}  // namespace dtp::report
