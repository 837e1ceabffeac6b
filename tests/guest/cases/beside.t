# Two recipes (one that the kernel counts, one of its stream), perf and trace-cmd at the same time over the same doings: each
# has its exact numbers, nobody takes anything of another away.
. "${0%/*}/lib.sh"
requires kprobes perf
command -v trace-cmd >/dev/null || skip "trace-cmd is not here"
hide_debuginfo

# Somebody else's probe, which perf and trace-cmd record.
echo 'p:theirs/asked __x64_sys_getppid' >>$tracing/kprobe_events || fail "their probe"
at_end+=("echo '-:theirs/asked' >>$tracing/kprobe_events")
theirs() { cat $tracing/kprobe_events $tracing/events/theirs/asked/{enable,filter,trigger}; }
before=$(theirs)

cat >asks.toml <<'END'
name = "asks"
question = "Who asks for its parent?"
group = "processes"
cost = "a hit for each such call"
columns = [{ value = "comm" }, { name = "calls", value = "count()" }]

[[probe]]
name = "call"
probe = "raw_syscalls:sys_enter id"
filter = "id == 110" # getppid
END
mkfifo perf.end trace-cmd.end
dtrace++ recipe run --no-govern --format json ./asks.toml >asks.json 2>asks.messages & asks=$!
dtrace++ recipe run --no-govern --format json sys-cost comm=workload >calls.json 2>calls.messages & calls=$!
until_true grep -q 'ends it' asks.messages
until_true grep -q 'ends it' calls.messages
perf record -q -a -e theirs:asked -o perf.data -- bash -c 'echo >perf.ready; read -r _ <perf.end' >perf.messages 2>&1 & perf=$!
trace-cmd record -q -b 8192 -o trace.dat -e theirs:asked bash -c 'echo >trace-cmd.ready; read -r _ <trace-cmd.end' >trace-cmd.messages 2>&1 & trace_cmd=$!
until_true [ -e perf.ready ]
until_true [ -e trace-cmd.ready ]
ours() { grep -v '^p:theirs' $tracing/kprobe_events; ls $tracing/instances; }
[ -n "$(ours)" ] || fail "nothing of ours is in the kernel"

workload calls 5000 500 3

# One after the other goes, and none of the others minds.
kill -INT $calls; wait $calls || fail "sys-cost: $(cat calls.messages)"
workload calls 5 0 0
echo >trace-cmd.end; wait $trace_cmd || fail "trace-cmd: $(cat trace-cmd.messages)"
workload calls 3 0 0
kill -INT $asks; wait $asks || fail "asks: $(cat asks.messages)"
workload calls 2 0 0
equal "nothing of ours is left" "" "$(ours)"
echo >perf.end; wait $perf || fail "perf: $(cat perf.messages)"
unchanged "their probe is as it was" "$before" "$(theirs)"

equal "sys-cost" 1 "$(count calls.json '"comm":"workload","syscall":"getppid","calls":5000,"errors":0,')"
equal "sys-cost, another call" 1 "$(count calls.json '"comm":"workload","syscall":"write","calls":500,')"
equal "the other recipe" 5008 "$(sed -n 's/.*"comm":"workload","calls":\([0-9]*\)}.*/\1/p' asks.json)"
equal "by the kernel's histogram" 1 "$(grep -c 'counted by the kernel' asks.messages)"
trace-cmd report -i trace.dat 2>&1 | grep DROPPED
equal "trace-cmd" 5005 "$(trace-cmd report -i trace.dat 2>/dev/null | grep -c 'workload-.*asked:')"
equal "perf" 5010 "$(perf script -i perf.data 2>/dev/null | grep -c 'workload .*theirs:asked')"
