// Code that a process makes as it runs, and what it calls it. Compilers tell it in two ways, which are perf's:
//
//   /tmp/perf-PID.map   lines "START SIZE NAME", in hex; what comes later lies over what was there. No times.
//   jit-PID.dump        records, as tools/perf/Documentation/jitdump-specification.txt has them: functions that were
//                       loaded or moved, with times, names, and their code. The process maps the file's first page
//                       as executable, so that a recording tells where it is.
//
// Our recordings have a copy of both, see encode_jit(), for the files may be gone, or grow, when one looks at them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dtp::record {

struct JitFunction {
  std::uint64_t time_ns = 0;  // since when it is there; 0: always
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  std::string name = {};  // untrusted
  bool operator==(const JitFunction&) const = default;
};
using JitFunctions = std::vector<JitFunction>;

// Of one process; what is beyond has no names.
inline constexpr std::size_t most_jit_functions = 1'000'000;

// Executable memory that no program or library was mapped into, by the name that a mapping has.
bool is_jit_memory(std::string_view path);

// Lines that are none are passed over.
JitFunctions parse_perf_map(std::string_view text);

// A jitdump, also one that still grows.
class JitDump {
 public:
  // Whole records that have come since the last time. `fd`: of a file that this class is for.
  JitFunctions read(int fd);

 private:
  bool read_header(int fd);
  void take(std::string_view record, JitFunctions& functions);

  std::uint64_t at_ = 0;  // 0: the header was not read yet
  bool is_broken_ = false;
  bool has_own_clock_ = false;  // its times say nothing to us
  std::size_t count_ = 0;
  std::unordered_map<std::uint64_t, std::string> names_ = {};  // by the index, which stays when code is moved
};

// "process PID" and then a line "TIME START SIZE NAME" for each of its functions.
using JitProcesses = std::map<std::uint32_t, JitFunctions>;
std::string encode_jit(const JitProcesses& processes);
JitProcesses decode_jit(std::string_view text);

}  // namespace dtp::record
