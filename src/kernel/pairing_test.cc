#include "kernel/pairing.h"

#include <doctest/doctest.h>

namespace dtp::kernel {
namespace {

const Pairing wakeups{
    .from = {.name = {"sched", "sched_wakeup"},
             .filter = "prio < 100",
             .keys = {"pid"},
             .fields = {{.field = "common_pid", .size = 4, .is_signed = true},
                        {.field = "comm", .room = 16},
                        {.field = "id", .size = 8, .is_signed = true}}},
    .to = {
        .name = {"sched", "sched_switch"},
        .keys = {"next_pid"},
        .fields = {{.field = "name"}, {.field = "ret", .size = 8, .is_signed = true}, {.field = "prio", .size = 1}}}};

TEST_CASE("the event of a pair has what is wanted of both") {
  CHECK(definition_of(wakeups, "dtp_1_2") ==
        "dtp_1_2 u64 time; u64 latency; s32 a0; char a1[16]; u64 a2; char b0[]; s64 b1; u8 b2");
}

TEST_CASE("the first trigger keeps, the second takes") {
  CHECK(first_trigger(wakeups) ==
        "hist:keys=pid:pair_time=common_timestamp,a0=common_pid,a1=comm,a2=id:size=16384:clock=mono if prio < 100");
  CHECK(second_trigger(wakeups, "dtp_1_2") ==
        "hist:keys=next_pid:latency=common_timestamp-$pair_time,b0=name,b1=ret,b2=prio:size=16384:clock=mono"
        ":onmatch(sched.sched_wakeup).trace(dtp_1_2,$pair_time,$latency,$a0,$a1,$a2,$b0,$b1,$b2)");
}

}  // namespace
}  // namespace dtp::kernel
