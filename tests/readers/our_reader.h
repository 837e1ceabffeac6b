// The same lines by src/debug.
#pragma once

#include "debug/info.h"
#include "readers/facts.h"

namespace dtp::readers {

Lines describe(debug::Info& info, std::uint64_t entry);

}  // namespace dtp::readers
