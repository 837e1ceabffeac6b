// What code was mapped where, over time, as MMAP, FORK, COMM and EXIT records tell it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "dtracepp/record.h"
#include "record/jit_code.h"

namespace dtp::record {

// What the kernel itself is called among the modules.
inline constexpr std::string_view kernel_name = "[kernel.kallsyms]";
// And code that a process made itself.
inline constexpr std::string_view made_name = "[jit]";

// A mapping as a record has it.
struct NewMapping {
  std::uint32_t pid = 0;  // not used for the kernel's
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;
  Module module = {};
  bool is_executable = true;  // others are not kept: they are written for readers who unwind by them
};

class AddressSpaces {
 public:
  // What it lies over is gone.
  void add(const NewMapping& mapping);
  // A function that the process made itself.
  void add_function(std::uint32_t pid, const JitFunction& function);
  void fork(std::uint32_t pid, std::uint32_t parent);
  // Of modules of this path whose mappings do not tell it.
  void set_build_id(const std::string& path, const std::string& build_id) { build_ids_[path] = build_id; }
  // A process that ends, or that runs another program.
  void clear(std::uint32_t pid) { processes_.erase(pid); }

  // Valid until the next change.
  const AddressSpace& of(std::uint32_t pid) { return processes_[pid]; }
  const AddressSpace& kernel() const { return kernel_; }
  // All mappings, the kernel's first.
  void each(const std::function<void(const NewMapping&)>& use) const;

 private:
  Module* intern(Module module);

  std::deque<Module> modules_ = {};  // where they are is where they stay
  std::map<std::pair<std::string, std::string>, Module*> by_name_ = {};
  std::unordered_map<std::string, std::string> build_ids_ = {};
  std::unordered_map<std::uint32_t, AddressSpace> processes_ = {};
  AddressSpace kernel_ = {};
  std::uint64_t last_id_ = 0;
};

// The mapping that holds the address; none.
const Mapping* find_mapping(const AddressSpace& space, std::uint64_t address);

// The frame of an address; `is_call`: it is where a call returns to. Without a space no mapping is known.
Frame frame_in_program(const AddressSpace* space, std::uint64_t address, bool is_call);

// The frames that the kernel walked, innermost first. `frames` is used again.
void resolve_chain(const Stack& stack, std::vector<Frame>& frames);

}  // namespace dtp::record
