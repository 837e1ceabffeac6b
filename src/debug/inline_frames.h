// The functions at an address, inlined ones included, with their source lines.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "debug/cache.h"

namespace dtp::debug {

struct SourceFrame {
  std::string function = {};  // with its signature where the language has it in the name
  std::string file = {};
  unsigned line = 0;
  bool operator==(const SourceFrame&) const = default;
};

class InlineFrames {
 public:
  // `path` is a file with debug information. What so many new addresses gave is kept in the cache for the next time.
  static std::unique_ptr<InlineFrames> open(const std::string& path, Cache cache = Cache::of_user(),
                                            std::size_t worth_keeping = 500);
  ~InlineFrames();

  // Innermost first; empty: the debug information does not cover this link-time address.
  std::vector<SourceFrame> at(std::uint64_t address);

  struct State;

 private:
  explicit InlineFrames(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace dtp::debug
