// From the words of the command line to a plan and its tracefs lines: shared by probe, trace and show.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cmd/command.h"
#include "debug/download.h"
#include "dtracepp/path.h"
#include "expr/ast.h"
#include "lower/lower.h"

namespace dtp::cmd {

// -x, -m, -k: what is probed and where its debug information is.
struct TargetOptions {
  std::string executable = {};               // -x
  std::vector<int> pids = {};                // -p: the files that these processes have
  int target_ns = 0;                         // --target-ns: the files that this process sees
  std::string module = {};                   // -m: a loaded module's name or a .ko path
  std::string vmlinux = {};                  // -k
  std::string format_file = {};              // --format-file: of a tracepoint
  std::string source_root = {};              // -s: the directory of the source
  debug::DownloadLimits downloads = {};      // --download-limit, --download-time
  bool no_cache = false;                     // --no-cache
  bool symbols_only = false;                 // debug information is not opened: listing symbols is fast without it
  std::vector<std::string> kernel_has = {};  // --kernel-has: of another machine's
  bool by_function_probes = false;           // --fprobe
  bool keep_going = false;                   // --keep-going: what is wrong with one probe stops no other
  bool is_live = false;                      // the probes will be added: names are checked against the running kernel's
  lower::Options lowering = {};
};
void add_target_options(CLI::App& command, TargetOptions& options);
void add_source_option(CLI::App& command, TargetOptions& options);
// -p, of the commands that watch nothing.
void add_process_option(CLI::App& command, TargetOptions& options);
// --max-probes, --no-inlines, --exact-entry and --require-all, of the commands that compile probes.
void add_compile_options(CLI::App& command, TargetOptions& options);

struct Compiled {
  expr::Request request = {};
  path::Plan plan = {};
  std::string group = {};               // the plan's own one, also where another replaced it: what people are shown
  std::vector<std::string> lines = {};  // tracefs definitions, one a point of the plan
  unsigned member = 0;  // its number where it shares an event of the kernel, which `lines` name; 0: none
};

struct Compilation {
  std::vector<Compiled> events = {};         // in the order of the requests; a pattern makes several
  std::vector<path::Omission> omitted = {};  // places that get no probe
  std::vector<Error> failed = {};            // with keep_going: the requests that make no event
  std::string source = {};                   // where types and places come from
};

// Every request is compiled before stopping: the error carries those of all of them, or Compilation::failed does.
// `group` replaces the default group when it is not empty (trace uses it).
Result<Compilation> compile(const TargetOptions& options, const std::vector<std::string>& requests,
                            const std::string& group = {});

// Places that get no probe, on standard error, where `kept` others do.
void print_omissions(const std::vector<path::Omission>& omitted, std::size_t kept, const Common& common);

// What was compiled all the same, on standard error.
void print_warnings(const Compilation& compilation, const Common& common);

// Words of the command line make one request, as perf's do: {"vfs_read", "count"} is "vfs_read count".
std::string join_words(const std::vector<std::string>& words);

}  // namespace dtp::cmd
