// What was polled, as rows: the load of a machine, and threads that make it.
#pragma once

#include <string>
#include <vector>

#include "record/busy_thread.h"
#include "record/load.h"
#include "record/process_tree.h"
#include "report/row.h"

namespace dtp::report {

class LoadRows {
 public:
  // What a row has:
  //   time load1 load5 load15 running blocked load_running load_blocked
  //   pid tid comm state waits_in cgroup function stack ppid parent chain    of a thread
  explicit LoadRows(const std::vector<std::string>& names);
  Row make(const record::Load& load) const;
  // `processes` know its family.
  Row make(const record::Load& load, const record::BusyThread& thread, const record::ProcessTree& processes) const;

 private:
  struct Moment {
    const record::Load& load;
    const record::BusyThread* thread = nullptr;  // none: the words of a thread have no value
    const record::ProcessTree* processes = nullptr;
  };
  struct Word;
  static const Word* find(const std::string& name);
  Row make(const Moment& moment) const;

  std::vector<const Word*> words_ = {};  // of each name; none: there is nothing of this name
};

}  // namespace dtp::report
