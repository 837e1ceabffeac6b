// Many events of one request as members of few events of the kernel: see probe/shared.h.
#pragma once

#include <vector>

#include "cmd/compile.h"
#include "kernel/events.h"
#include "kernel/tracefs.h"

namespace dtp::cmd {

// Events with the same fields share one of the kernel's where there are enough of them.
void share_events(kernel::TraceFs& tracefs, std::vector<Compiled>& events);

// The event of the kernel that the lines name.
kernel::EventName kernel_name(const Compiled& compiled);

}  // namespace dtp::cmd
