#include "record/live.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace dtp::record {

Result<void> LiveStream::append(std::span<const std::byte> records) {
  if (spare_.empty()) spare_.emplace_back();
  this_round_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  this_round_.back().assign(records.begin(), records.end());
  std::span<const std::byte> left = this_round_.back();
  while (left.size() >= sizeof(perf_event_header)) {
    perf_event_header header = {};
    std::memcpy(&header, left.data(), sizeof header);
    if (header.size < sizeof header || header.size > left.size())
      return fail({.what = "the kernel's ring holds a broken record"});
    DTP_CHECK(stream_.add(left.first(header.size)));
    left = left.subspan(header.size);
  }
  return {};
}

// What the last round left is gone after this one: see TimeOrder.
Result<void> LiveStream::end_round() {
  DTP_CHECK(stream_.end_round());
  std::ranges::move(last_round_, std::back_inserter(spare_));
  last_round_ = std::exchange(this_round_, {});
  return {};
}

}  // namespace dtp::record
