#include "symbol/stacks.h"

#include <linux/perf_event.h>

#include <array>
#include <cstring>

#include "record/address_spaces.h"

namespace dtp::symbol {
namespace {

// Open files cost memory; what is asked for again is opened again.
constexpr std::size_t most_unwinders = 64;

// Place of each DWARF register among the recorded ones: bits of PERF_REG_X86_* in ascending order, without the
// segments DS, ES, FS and GS, which are not recorded.
constexpr std::array<std::size_t, debug::dwarf_registers> recorded_place{0,  3,  2,  1,  4,  5,  6,  7, 12,
                                                                         13, 14, 15, 16, 17, 18, 19, 8};
constexpr std::size_t recorded_registers = 20;

}  // namespace

debug::Unwinder& Stacks::unwinder_of(const record::AddressSpace& space) {
  if (unwinders_.size() >= most_unwinders && !unwinders_.contains(space.id)) unwinders_.clear();
  std::unique_ptr<debug::Unwinder>& known = unwinders_[space.id];
  if (known) return *known;
  std::vector<debug::LoadedFile> files;
  for (const record::Mapping& mapping : space.mappings) {
    if (mapping.module->path.starts_with('/') && !mapping.module->path.starts_with("//"))
      files.push_back({mapping.module->path, mapping.start, mapping.end, mapping.offset});
  }
  known = std::make_unique<debug::Unwinder>(files);
  return *known;
}

void Stacks::append_unwound(const record::Stack& stack) {
  debug::Registers registers = {};
  for (std::size_t i = 0; i < registers.size(); ++i)
    std::memcpy(&registers[i], stack.registers.data() + 8 * recorded_place[i], 8);
  unwinder_of(*stack.user).unwind(registers, stack.memory, addresses_);
  unwound_ = stack;
  unwound_.chain.push_back(static_cast<std::uint64_t>(PERF_CONTEXT_USER));
  unwound_.chain.insert(unwound_.chain.end(), addresses_.begin(), addresses_.end());
}

const std::vector<record::Frame>& Stacks::resolve(const record::Stack& stack) {
  const bool is_copied = stack.user != nullptr && stack.registers.size() >= 8 * recorded_registers;
  if (is_copied) append_unwound(stack);
  record::resolve_stack(is_copied ? unwound_ : stack, frames_);
  return frames_;
}

}  // namespace dtp::symbol
