// What this kernel takes from this user, found by trying: names of files and versions promise too much.
#pragma once

#include <string>

#include "kernel/tracefs.h"

namespace dtp::kernel {

// Adds an event that nobody sees, since it is never enabled, and takes it out again. `kind` is the letter of the
// definition and `rest` what follows the name. The errno is the kernel's; ENOENT too when `file` does not exist.
Io<void> try_definition(TraceFs& tracefs, const std::string& file, char kind, const std::string& rest);

// What tracefs' README says of probes. Right where the kernel has kprobes at all.
struct Grammar {
  bool arguments_at_return = false;
  bool function_probes = false;
  bool path_names = false;
};
Grammar read_grammar(TraceFs& tracefs);

// Opens a tracepoint for recording, disabled: of this process, or of all.
Io<void> try_recording(TraceFs& tracefs, bool whole_system);

}  // namespace dtp::kernel
