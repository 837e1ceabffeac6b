#include "symbol/stacks.h"

#include <array>
#include <cstring>

#include "record/address_spaces.h"
#include "symbol/module_file.h"

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

void append_walked(std::string& bytes, const record::Stack& stack) {
  const auto put = [&](std::uint64_t number) { bytes.append(reinterpret_cast<const char*>(&number), sizeof number); };
  put(stack.user == nullptr ? 0 : stack.user->id);
  put(stack.user == nullptr ? 0 : stack.user->made_id);
  put(stack.kernel == nullptr ? 0 : stack.kernel->id);
  bytes.append(reinterpret_cast<const char*>(stack.chain.data()), stack.chain.size() * sizeof stack.chain[0]);
}

debug::Unwinder& Stacks::unwinder_of(const record::AddressSpace& space) {
  if (unwinders_.size() >= most_unwinders && !unwinders_.contains(space.id)) unwinders_.clear();
  std::unique_ptr<debug::Unwinder>& known = unwinders_[space.id];
  if (known) return *known;
  std::vector<debug::LoadedFile> files;
  for (const record::Mapping& mapping : space.mappings) {
    if (const auto file = open_file_of(*mapping.module))
      files.push_back({file->path(), mapping.start, mapping.end, mapping.offset});
  }
  known = std::make_unique<debug::Unwinder>(files);
  return *known;
}

void Stacks::append_unwound(const record::Stack& stack) {
  debug::Registers registers = {};
  for (std::size_t i = 0; i < registers.size(); ++i)
    std::memcpy(&registers[i], stack.registers.data() + 8 * recorded_place[i], 8);
  unwinder_of(*stack.user).unwind(registers, stack.memory, unwound_);
  for (const debug::UnwoundFrame& frame : unwound_)
    frames_.push_back(record::frame_in_program(stack.user, frame.address, frame.is_call));
}

const std::vector<record::Frame>& Stacks::resolve(const record::Stack& stack) {
  record::resolve_chain(stack, frames_);
  if (stack.user != nullptr && stack.registers.size() >= 8 * recorded_registers) append_unwound(stack);
  return frames_;
}

}  // namespace dtp::symbol
