// What a hit of an event costs whoever is traced. The kernel does not tell: these are estimates.
//
// They were measured on one machine, in nanoseconds of a loop's CPU time, and are taken times the slowness of the one
// that this is: how long a trap takes here, compared to there. Of probes in the kernel, which that machine did not
// have, they are what its other figures let expect.
#pragma once

#include "kernel/governor.h"
#include "kernel/perf_event.h"
#include "probe/definition.h"

namespace dtp::kernel {

// The instruction under a probe of a program: one that the kernel emulates takes one trap.
enum class Instruction { emulated, single_stepped };

// Up to the record in a ring of tracefs.
CpuSeconds cost_of_tracepoint();
CpuSeconds cost_of_probe(const probe::Definition& definition, Instruction instruction);
// What perf's rings and stacks cost more.
CpuSeconds cost_of_perf(const StackOptions& stacks);

// 1: as fast as the machine on which it was measured. Tried, in less than a millisecond.
double slowness();

}  // namespace dtp::kernel
