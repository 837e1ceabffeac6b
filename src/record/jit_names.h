// Brings the names of code that processes made into their address spaces, at the times when it was there.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "record/address_spaces.h"
#include "record/jit_code.h"
#include "record/jit_files.h"

namespace dtp::record {

// Where the names come from.
enum class JitSource {
  recording,  // they are in it
  files,      // of processes that ran at some time
  live,       // of running ones, which tell more and more
};

class JitNames {
 public:
  void set_live() { source_ = JitSource::live; }
  // Times of the recording are not those of jitdumps.
  void ignore_times() { has_times_ = false; }
  void set(JitProcesses processes);

  void note_mapping(const NewMapping& mapping);
  // What is there in the process at this time.
  void update(std::uint32_t pid, std::uint64_t time_ns, AddressSpaces& spaces);
  // The address space is empty again.
  void restart(std::uint32_t pid);

 private:
  struct Process {
    JitFunctions functions = {};  // in the order of their times
    std::size_t next = 0;         // up to here they are in the address space
    bool was_read = false;
  };
  void read(std::uint32_t pid, Process& process);

  JitSource source_ = JitSource::files;
  bool has_times_ = true;
  JitWatch watch_ = {};
  std::unordered_map<std::uint32_t, Process> processes_ = {};
};

}  // namespace dtp::record
