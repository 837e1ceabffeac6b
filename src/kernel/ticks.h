// Something that is done so often, until the end comes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dtracepp/error.h"
#include "kernel/capture.h"
#include "kernel/signals.h"

namespace dtp::kernel {

struct TickOptions {
  std::chrono::nanoseconds period{0};
  std::int64_t duration_ms = 0;           // 0: no end
  std::vector<std::string> command = {};  // its end is the end; empty: none
};
struct Ticked {
  Ending ending = {};
  std::uint64_t ticks = 0;
  std::uint64_t left_out = 0;  // it was not ready when they came
};
// An error of `on_tick` ends it, too.
Result<Ticked> tick(const TickOptions& options, StopSignals& signals, const std::function<Result<void>()>& on_tick);

}  // namespace dtp::kernel
