// perf_event_open(2) for our purpose: what the events look like, and what its errno means.
#pragma once

#include <linux/perf_event.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/file.h"
#include "dtracepp/error.h"
#include "kernel/tracefs.h"

namespace dtp::kernel {

// Samples of both carry the same fields, the identifier first, so that a reader can tell events apart.
perf_event_attr tracepoint_attr(std::uint64_t id, std::size_t ring_bytes);
// Counts nothing; carries the COMM, FORK, EXIT and MMAP2 records of the tasks it is opened for.
perf_event_attr dummy_attr(std::size_t ring_bytes);

// PERF_FORMAT_LOST (Linux 6.0): asked of the kernel by trying.
bool counts_lost();

// `pid` -1: all tasks; `cpu` -1: any.
Io<base::Fd> open_perf_event(const perf_event_attr& attr, pid_t pid, int cpu);
// Why the event of this name could not be opened.
Error perf_error(const std::string& name, int error_number);

}  // namespace dtp::kernel
