// Records of live rings as a stream: copied, since the rings are used again before their turn comes.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "record/stream.h"

namespace dtp::record {

class LiveStream {
 public:
  explicit LiveStream(Stream stream) : stream_(std::move(stream)) {}

  // Whole records, one after the other.
  Result<void> append(std::span<const std::byte> records);
  Result<void> end_round();
  Result<void> finish() { return stream_.finish(); }
  Stream& stream() { return stream_; }

 private:
  using Blocks = std::vector<std::vector<std::byte>>;
  Stream stream_;
  Blocks this_round_ = {};
  Blocks last_round_ = {};
  Blocks spare_ = {};  // used again, so that a busy stream does not ask for memory
};

}  // namespace dtp::record
