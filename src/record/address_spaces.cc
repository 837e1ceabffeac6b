#include "record/address_spaces.h"

#include <linux/perf_event.h>

#include <algorithm>
#include <utility>

namespace dtp::record {
namespace {

// Puts the mapping in its place: what lies under it goes, what sticks out stays.
void put(std::vector<Mapping>& mappings, const Mapping& mapping) {
  auto first = std::ranges::upper_bound(mappings, mapping.start, {}, &Mapping::end);
  auto last = std::ranges::lower_bound(first, mappings.end(), mapping.end, {}, &Mapping::start);
  std::vector<Mapping> pieces;
  if (first != last && first->start < mapping.start) {
    pieces.push_back(*first);
    pieces.back().end = mapping.start;
  }
  pieces.push_back(mapping);
  if (first != last && std::prev(last)->end > mapping.end) {
    Mapping rest = *std::prev(last);
    rest.offset += mapping.end - rest.start;
    rest.start = mapping.end;
    pieces.push_back(rest);
  }
  mappings.insert(mappings.erase(first, last), pieces.begin(), pieces.end());
}

}  // namespace

const Module* AddressSpaces::intern(Module module) {
  if (module.build_id.empty()) {
    if (const auto known = build_ids_.find(module.path); known != build_ids_.end()) module.build_id = known->second;
  }
  const Module*& known = by_name_[{module.path, module.build_id}];
  if (known == nullptr) known = &modules_.emplace_back(std::move(module));
  return known;
}

void AddressSpaces::add(const NewMapping& mapping) {
  if (mapping.end <= mapping.start || !mapping.is_executable) return;
  AddressSpace& space = mapping.module.is_kernel ? kernel_ : processes_[mapping.pid];
  space.id = ++last_id_;
  put(space.mappings, {mapping.start, mapping.end, mapping.offset, intern(mapping.module)});
}

void AddressSpaces::fork(std::uint32_t pid, std::uint32_t parent) {
  if (pid == parent) return;  // a thread
  if (const auto from = processes_.find(parent); from != processes_.end()) {
    AddressSpace copy = from->second;
    processes_[pid] = std::move(copy);
  }
}

void AddressSpaces::each(const std::function<void(const NewMapping&)>& use) const {
  const auto give = [&](std::uint32_t pid, const AddressSpace& space) {
    for (const Mapping& mapping : space.mappings)
      use({pid, mapping.start, mapping.end, mapping.offset, *mapping.module});
  };
  give(0, kernel_);
  for (const auto& [pid, space] : processes_) give(pid, space);
}

const Mapping* find_mapping(const AddressSpace& space, std::uint64_t address) {
  const auto after = std::ranges::upper_bound(space.mappings, address, {}, &Mapping::start);
  if (after == space.mappings.begin()) return nullptr;
  const Mapping& mapping = *std::prev(after);
  return address < mapping.end ? &mapping : nullptr;
}

void resolve_stack(const Stack& stack, std::vector<Frame>& frames) {
  // What the kernel runs outside of its text and modules (trampolines, BPF) is its own all the same.
  static const Module unmapped_kernel{.path = "[kernel.kallsyms]", .is_kernel = true};
  frames.clear();
  bool is_kernel = false;
  bool is_call = false;
  for (const std::uint64_t address : stack.chain) {
    if (address >= static_cast<std::uint64_t>(PERF_CONTEXT_MAX)) {
      is_kernel = address == static_cast<std::uint64_t>(PERF_CONTEXT_KERNEL);
      is_call = false;
      continue;
    }
    const std::uint64_t at = address - (is_call ? 1 : 0);
    Frame frame{.address = address, .offset = at, .is_kernel = is_kernel, .is_call = is_call};
    is_call = true;
    const AddressSpace* space = is_kernel ? stack.kernel : stack.user;
    if (const Mapping* mapping = space == nullptr ? nullptr : find_mapping(*space, at)) {
      frame.module = mapping->module;
      if (!is_kernel) frame.offset = at - mapping->start + mapping->offset;
    } else if (is_kernel) {
      frame.module = &unmapped_kernel;
    }
    frames.push_back(frame);
  }
}

}  // namespace dtp::record
