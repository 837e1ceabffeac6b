// Records of several rings, put in order of time within a bounded window.
//
// Every ring is drained once a round. What a ring holds when its turn comes in round N was written before
// round N ended, and whatever is written later is not older than the newest record of round N-1, since all rings
// were looked at after that one existed. So at the end of round N everything up to the newest record of
// round N-1 can go. perf marks the rounds in its files by PERF_RECORD_FINISHED_ROUND for the same purpose.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "dtracepp/error.h"

namespace dtp::record {

// `Record` is the bytes, or owns them.
template <class Record = std::span<const std::byte>>
class TimeOrder {
 public:
  // Bytes that are not owned must stay where they are until the round after this one has ended.
  void add(std::uint64_t time, Record record) {
    waiting_.push_back({time, std::move(record)});
    newest_ = std::max(newest_, time);
  }

  // Calls emit(record) -> Result<void> for what can go.
  template <class Emit>
  Result<void> end_round(Emit&& emit) {
    return emit_until(std::exchange(newest_before_, newest_), emit);
  }

  template <class Emit>
  Result<void> finish(Emit&& emit) {
    return emit_until(UINT64_MAX, emit);
  }

  template <class Use>
  void each_waiting(Use&& use) const {
    for (const Entry& entry : waiting_) use(entry.record);
  }

 private:
  struct Entry {
    std::uint64_t time = 0;
    Record record = {};
  };

  // What was left before and what each ring gave is in order already, as a rule: such runs are merged, two by two.
  // Records of one ring with equal times keep their order.
  void sort() {
    ends_.clear();
    for (std::size_t i = 1; i <= waiting_.size(); ++i)
      if (i == waiting_.size() || waiting_[i].time < waiting_[i - 1].time) ends_.push_back(i);
    const auto place = [&](std::size_t at) { return waiting_.begin() + static_cast<std::ptrdiff_t>(at); };
    while (ends_.size() > 1) {
      std::size_t begin = 0;
      std::size_t merged = 0;
      for (std::size_t i = 0; i < ends_.size(); i += 2) {
        const std::size_t end = ends_[std::min(i + 1, ends_.size() - 1)];
        if (end != ends_[i]) std::ranges::inplace_merge(place(begin), place(ends_[i]), place(end), {}, &Entry::time);
        ends_[merged++] = begin = end;
      }
      ends_.resize(merged);
    }
  }

  template <class Emit>
  Result<void> emit_until(std::uint64_t until, Emit& emit) {
    sort();
    std::size_t gone = 0;
    for (; gone < waiting_.size() && waiting_[gone].time <= until; ++gone) DTP_CHECK(emit(waiting_[gone].record));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(gone));
    return {};
  }

  std::vector<Entry> waiting_ = {};
  std::vector<std::size_t> ends_ = {};  // of the runs
  std::uint64_t newest_ = 0;
  std::uint64_t newest_before_ = 0;
};

}  // namespace dtp::record
