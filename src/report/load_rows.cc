#include "report/load_rows.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace dtp::report {
namespace {

Cell list_cell(const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  value::Array list;
  for (const std::string& text : texts) list.push_back({text});
  return {{std::move(list)}};
}

Cell text_cell(const std::string& text) { return text.empty() ? Cell{} : Cell{{text}}; }

}  // namespace

struct LoadRows::Word {
  std::string_view name = {};
  Cell (*cell)(const Moment& moment) = nullptr;
  bool is_of_thread = false;
};

const LoadRows::Word* LoadRows::find(const std::string& name) {
  static constexpr Word words[] = {
      {"time", [](const Moment& moment) { return Cell{{moment.load.time_ns}}; }},
      {"load1", [](const Moment& moment) { return Cell{{moment.load.average.load1}}; }},
      {"load5", [](const Moment& moment) { return Cell{{moment.load.average.load5}}; }},
      {"load15", [](const Moment& moment) { return Cell{{moment.load.average.load15}}; }},
      {"running", [](const Moment& moment) { return Cell{{moment.load.average.running}}; }},
      {"blocked", [](const Moment& moment) { return Cell{{moment.load.blocked}}; }},
      {"load_running", [](const Moment& moment) { return Cell{{moment.load.load_running}}; }},
      {"load_blocked", [](const Moment& moment) { return Cell{{moment.load.load_blocked}}; }},
      {"pid", [](const Moment& moment) { return Cell{{std::uint64_t(moment.thread->thread.pid)}}; }, true},
      {"tid", [](const Moment& moment) { return Cell{{std::uint64_t(moment.thread->thread.tid)}}; }, true},
      {"comm", [](const Moment& moment) { return Cell{{moment.thread->thread.stat.comm}}; }, true},
      {"state", [](const Moment& moment) { return Cell{{std::string(1, moment.thread->thread.stat.state)}}; }, true},
      {"waits_in", [](const Moment& moment) { return text_cell(moment.thread->waits_in); }, true},
      {"cgroup", [](const Moment& moment) { return text_cell(moment.thread->cgroup); }, true},
      {"function",
       [](const Moment& moment) {
         return moment.thread->stack.empty() ? Cell{} : Cell{{moment.thread->stack.front()}};
       },
       true},
      {"stack", [](const Moment& moment) { return list_cell(moment.thread->stack); }, true},
      {"ppid",
       [](const Moment& moment) {
         return Cell{{std::uint64_t{moment.processes->parent(std::uint32_t(moment.thread->thread.pid))}}};
       },
       true},
      {"parent",
       [](const Moment& moment) {
         const record::ProcessTree& processes = *moment.processes;
         return text_cell(processes.comm(processes.parent(std::uint32_t(moment.thread->thread.pid))));
       },
       true},
      {"chain",
       [](const Moment& moment) {
         return text_cell(moment.processes->chain(std::uint32_t(moment.thread->thread.pid)));
       },
       true}};
  const Word* const word = std::ranges::find(words, name, &Word::name);
  return word == std::end(words) ? nullptr : word;
}

LoadRows::LoadRows(const std::vector<std::string>& names) {
  for (const std::string& name : names) words_.push_back(find(name));
}

Row LoadRows::make(const Moment& moment) const {
  Row row;
  row.reserve(words_.size());
  for (const Word* const word : words_) {
    const bool is_there = word != nullptr && (!word->is_of_thread || moment.thread != nullptr);
    row.push_back(is_there ? word->cell(moment) : Cell{});
  }
  return row;
}

Row LoadRows::make(const record::Load& load) const { return make(Moment{load}); }

Row LoadRows::make(const record::Load& load, const record::BusyThread& thread,
                   const record::ProcessTree& processes) const {
  return make(Moment{load, &thread, &processes});
}

}  // namespace dtp::report
