// Stacks as recorded -> frames: what the kernel walked, and what is unwound from copies of the stack.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "debug/unwind.h"
#include "dtracepp/record.h"

namespace dtp::symbol {

// Bytes that are the same for stacks whose frames are: of what the kernel walked. A copied stack has more to it.
void append_walked(std::string& bytes, const record::Stack& stack);

class Stacks {
 public:
  // Innermost first; valid until the next call.
  const std::vector<record::Frame>& resolve(const record::Stack& stack);

 private:
  debug::Unwinder& unwinder_of(const record::AddressSpace& space);
  void append_unwound(const record::Stack& stack);

  // By the identifier of the address space: processes that run the same program have several.
  std::unordered_map<std::uint64_t, std::unique_ptr<debug::Unwinder>> unwinders_ = {};
  std::vector<debug::UnwoundFrame> unwound_ = {};
  std::vector<record::Frame> frames_ = {};
};

}  // namespace dtp::symbol
