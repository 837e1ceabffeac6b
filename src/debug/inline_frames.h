// The functions at an address, inlined ones included, with their source lines.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace dtp::debug {

struct SourceFrame {
  std::string function = {};  // with its signature where the language has it in the name
  std::string file = {};
  unsigned line = 0;
};

class InlineFrames {
 public:
  // `path` is a file with debug information.
  static std::unique_ptr<InlineFrames> open(const std::string& path);
  ~InlineFrames();

  // Innermost first; empty: the debug information does not cover this link-time address.
  std::vector<SourceFrame> at(std::uint64_t address);

 private:
  struct State;
  explicit InlineFrames(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace dtp::debug
