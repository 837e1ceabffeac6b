// Where a process tells the names of the code that it makes: see jit_code.h.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/file.h"
#include "record/address_spaces.h"
#include "record/jit_code.h"

namespace dtp::record {

// "/tmp/jit-123.dump"
bool is_jit_dump(std::string_view path);

class JitFiles {
 public:
  // Of a process that runs, or has run just now: in its own mount namespace, also when it has ended since.
  static JitFiles of_running(std::uint32_t pid);
  // Of one that ran at some time: the number may be another's by now.
  static JitFiles of_past(std::uint32_t pid);

  // It has mapped this one.
  void add_dump(const std::string& path);
  // What has come since the last time.
  JitFunctions read();

 private:
  void open_map();
  std::string take_map_lines();

  base::Fd root_ = {};       // of the process
  base::Fd directory_ = {};  // where its map is
  std::string map_ = {};     // its name there
  uid_t owner_ = 0;          // who may tell its names, besides root
  base::Fd map_file_ = {};
  std::uint64_t map_at_ = 0;
  base::Fd dump_file_ = {};
  JitDump dump_ = {};
};

// The processes of a recording that make code, as their mappings show.
class JitWatch {
 public:
  // `is_running`: the mapping has just been made.
  void note(const NewMapping& mapping, bool is_running);
  bool knows(std::uint32_t pid) const { return files_.contains(pid); }
  JitFunctions read(std::uint32_t pid);
  // All of each, in order of time.
  const JitProcesses& read_all();

 private:
  std::unordered_map<std::uint32_t, JitFiles> files_ = {};
  JitProcesses known_ = {};
};

// What is told later lies over what was there.
void sort_by_time(JitFunctions& functions);

}  // namespace dtp::record
