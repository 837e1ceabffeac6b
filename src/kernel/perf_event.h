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

// What is recorded of the stack of each hit.
enum class Stacks {
  none,
  frame_pointers,  // the kernel walks the frames of the kernel and, by frame pointers, those of the program
  copies,          // the program's registers and the top of its stack, to be unwound later; the kernel's frames
};

struct StackOptions {
  Stacks kind = Stacks::none;
  std::uint32_t copied_bytes = 8192;  // of each hit: a multiple of 8, less than 65,528
};

// Samples of both carry the same fields, the identifier first, so that a reader can tell events apart.
perf_event_attr tracepoint_attr(std::uint64_t id, std::size_t ring_bytes);
// The clock of each cpu, so many times a second: where it is, when it is at work.
perf_event_attr clock_attr(std::uint64_t hz, std::size_t ring_bytes);
// Counts nothing; carries the COMM, FORK, EXIT and MMAP2 records of the tasks it is opened for.
perf_event_attr dummy_attr(std::size_t ring_bytes);

// Asks for stacks in the samples; of all events of a recording alike, so that their samples have one layout.
void add_stacks(perf_event_attr& attr, const StackOptions& options);

// MMAP2 records that carry build-ids (Linux 5.12): asked of the kernel by trying.
bool knows_build_ids();

// PERF_FORMAT_LOST (Linux 6.0): asked of the kernel by trying.
bool counts_lost();

// `pid` -1: all tasks; `cpu` -1: any.
Io<base::Fd> open_perf_event(const perf_event_attr& attr, pid_t pid, int cpu);
// Of the tasks that are in the control group, or one below it, when they run on the cpu.
Io<base::Fd> open_cgroup_event(const perf_event_attr& attr, int cgroup_fd, int cpu);
// Why the event of this name cannot be recorded: a step towards that failed.
Error cannot_record(const std::string& name, const std::string& step, int error_number);

}  // namespace dtp::kernel
