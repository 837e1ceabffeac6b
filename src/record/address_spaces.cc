#include "record/address_spaces.h"

#include <linux/perf_event.h>

#include <algorithm>
#include <utility>

namespace dtp::record {
namespace {

// Of each module.
constexpr std::size_t most_ranges = 8;

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

Frame frame_in_kernel(const AddressSpace* space, std::uint64_t address, bool is_call) {
  // What the kernel runs outside of its text and modules (trampolines, BPF) is its own all the same.
  static const Module unmapped{.path = std::string(kernel_name), .is_kernel = true};
  const std::uint64_t at = address - (is_call ? 1 : 0);
  const Mapping* mapping = space == nullptr ? nullptr : find_mapping(*space, at);
  if (mapping == nullptr && space != nullptr && !space->mappings.empty()) mapping = &space->mappings.front();
  return {.address = address,
          .offset = at,
          .module = mapping == nullptr ? &unmapped : mapping->module,
          .is_kernel = true,
          .is_call = is_call};
}

// Where a file is mapped its symbols tell more, and what a process has said of other times is not taken for it.
bool put_made_code(const AddressSpace& space, const Mapping* mapping, std::uint64_t at, Frame& frame) {
  if (space.made == nullptr || (mapping != nullptr && !is_jit_memory(mapping->module->path))) return false;
  const auto after = space.made->upper_bound(at);
  if (after == space.made->begin()) return false;
  const auto& [start, code] = *std::prev(after);
  if (at >= code.end) return false;
  frame.module = code.module;
  frame.offset = at - start;
  return true;
}

}  // namespace

Module* AddressSpaces::intern(Module module) {
  if (module.build_id.empty()) {
    if (const auto known = build_ids_.find(module.path); known != build_ids_.end()) module.build_id = known->second;
  }
  if (module.is_kernel) {
    if (const auto kernel = build_ids_.find(std::string(kernel_name)); kernel != build_ids_.end())
      module.kernel_id = kernel->second;
  }
  Module*& known = by_name_[{module.path, module.build_id}];
  if (known == nullptr) known = &modules_.emplace_back(std::move(module));
  return known;
}

void AddressSpaces::add(const NewMapping& mapping) {
  if (mapping.end <= mapping.start || !mapping.is_executable) return;
  const bool is_kernel = mapping.module.is_kernel;
  if (is_kernel && mapping.module.path == kernel_name && !mapping.module.build_id.empty())
    set_build_id(mapping.module.path, mapping.module.build_id);
  Module* const module = intern(mapping.module);
  const std::uint64_t begin = is_kernel ? mapping.start : mapping.offset;
  if (module->code_start == 0 || begin < module->code_start) module->code_start = begin;
  if (!is_kernel) {
    if (module->mapped.size() == most_ranges) module->mapped.erase(module->mapped.begin());
    module->mapped.push_back({mapping.pid, mapping.start, mapping.end});
  }
  AddressSpace& space = is_kernel ? kernel_ : processes_[mapping.pid];
  space.id = ++last_id_;
  put(space.mappings, {mapping.start, mapping.end, mapping.offset, module});
}

// Cuts off what lies under it.
void AddressSpaces::add_function(std::uint32_t pid, const JitFunction& function) {
  AddressSpace& space = processes_[pid];
  if (space.made == nullptr || space.made.use_count() > 1)
    space.made = space.made == nullptr ? std::make_shared<MadeCodes>() : std::make_shared<MadeCodes>(*space.made);
  MadeCodes& made = *space.made;
  const std::uint64_t end = function.start + function.size;
  auto at = made.lower_bound(function.start);
  if (at != made.begin() && std::prev(at)->second.end > function.start) std::prev(at)->second.end = function.start;
  while (at != made.end() && at->first < end) at = made.erase(at);
  Module& module = modules_.emplace_back(Module{.path = std::string(made_name), .function = function.name});
  made[function.start] = {end, &module};
  space.made_id = ++last_id_;
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

Frame frame_in_program(const AddressSpace* space, std::uint64_t address, bool is_call) {
  const std::uint64_t at = address - (is_call ? 1 : 0);
  Frame frame{.address = address, .offset = at, .is_call = is_call};
  if (space == nullptr) return frame;
  const Mapping* const mapping = find_mapping(*space, at);
  if (put_made_code(*space, mapping, at, frame) || mapping == nullptr) return frame;
  frame.module = mapping->module;
  frame.offset = at - mapping->start + mapping->offset;
  return frame;
}

void resolve_chain(const Stack& stack, std::vector<Frame>& frames) {
  frames.clear();
  bool is_kernel = false;
  bool is_call = false;
  for (const std::uint64_t address : stack.chain) {
    if (address >= static_cast<std::uint64_t>(PERF_CONTEXT_MAX)) {
      is_kernel = address == static_cast<std::uint64_t>(PERF_CONTEXT_KERNEL);
      is_call = false;
      continue;
    }
    frames.push_back(is_kernel ? frame_in_kernel(stack.kernel, address, is_call)
                               : frame_in_program(stack.user, address, is_call));
    is_call = true;
  }
}

}  // namespace dtp::record
