// Tracepoints as a target: their fields, from tracefs or from a format file, and recording them as they are.
#pragma once

#include <string>

#include "cmd/compile.h"
#include "cmd/recording.h"
#include "cmd/target.h"

namespace dtp::cmd {

// `format_file` is that of the tracepoint on another machine; empty: this one's tracefs is asked.
void use_tracepoints(OpenTarget& opened, const std::string& format_file);

// Only fields of a tracepoint are wanted, as they are: it can be recorded itself, which every kernel can, costs less
// and leaves nothing behind.
bool is_plain_tracepoint(const Compiled& compiled);
// The tracepoint with these fields alone, under the names they were given.
Result<WatchedEvent> watch_tracepoint(kernel::TraceFs& tracefs, const Compiled& compiled, std::string_view filter);

}  // namespace dtp::cmd
