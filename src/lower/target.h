// What a request is lowered against: debug information, symbols, and the kind of program.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "arch/arch.h"
#include "arch/cheap_place.h"
#include "debug/info.h"
#include "debug/module_search.h"
#include "debug/symbols.h"
#include "dtracepp/error.h"

namespace dtp::lower {

struct Tracepoint;
struct Usdt;

// What the kernel that the probes are for can do beyond what all do.
struct Ways {
  bool arguments_at_return = false;  // $argN in a return probe is what it was at the entry
  bool function_probes = false;      // fprobe events
  bool path_names = false;           // the types %pd and %pD
};

struct Target {
  enum class Kind { kernel, module, user };
  Kind kind = Kind::kernel;
  std::string object = {};                              // module: its name; user: the file's real path
  std::string name = {};                                // user: the file's own name; empty: as in `object`
  std::function<const debug::Symbols&()> symbols = {};  // loads them when they are first asked for
  debug::Info* info = nullptr;                          // null: no debug information
  const debug::ElfFile* file = nullptr;                 // user: the program, for file offsets
  // user: of the program's code, found when they are first asked for.
  std::function<const arch::JumpTargets&()> jump_targets = {};
  const arch::Arch* arch = &arch::x86_64();
  bool check_names = false;      // compare BTF's names with the symbols: costs their loading
  std::string why_no_info = {};  // where debug information was looked for
  std::string info_hint = {};    // how to get it
  std::string source_root = {};  // where source text is looked for; empty: where it was compiled

  // The fields of a tracepoint; empty: nobody here knows them.
  std::function<Result<Tracepoint>(const std::string& system, const std::string& name)> tracepoint = {};

  // The tracepoints whose names match both globs, as pairs of system and name; empty: nobody here knows.
  std::function<std::vector<std::pair<std::string, std::string>>(const std::string&, const std::string&)> tracepoints =
      {};

  // In which module a function is that the kernel's image has not; empty: of no kernel here.
  std::function<std::optional<debug::ModuleHit>(const std::string& function)> module_with = {};

  // Whether the kernel finds a symbol, of its own or of a module; empty: it is not here.
  std::function<bool(const std::string& symbol)> knows_symbol = {};

  // Asks the kernel; empty: it is not here, and nothing is taken for granted.
  std::function<Ways()> ways = {};
  // Why the kernel takes no probe in a function, one clause, or empty; empty itself: nobody here knows.
  std::function<std::string(const std::string& symbol)> why_forbidden = {};
  bool by_function_probes = false;  // probe entries and returns by fprobes

  bool is_user() const { return kind == Kind::user; }
};

// An instance of the function, resolved: where the probe goes.
struct Spot {
  path::Site site = {};
  debug::Instance instance = {};
  bool has_instance = false;                          // false: known by its symbol alone
  std::uint64_t address = 0;                          // link-time address of the probe; 0 with BTF
  bool is_entry = false;                              // the first byte of the function or of its inlined copy
  bool is_return_instruction = false;                 // of a Go function: what it returns is in place
  std::shared_ptr<const Tracepoint> tracepoint = {};  // of Way::event
  std::shared_ptr<const Usdt> usdt = {};              // a static probe
  std::optional<Error> forbidden = {};                // the kernel takes no probe there
};

}  // namespace dtp::lower
