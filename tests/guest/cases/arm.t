# Probes that stay in the kernel with no process, and the answer that they give later.
# also runs on this machine
. "${0%/*}/arm.sh"
. "${0%/*}/lib.sh" # it changes the directory
requires root tracefs

# A ring: nobody runs, and the records are there, with the names of processes that have ended.
name=ours arm -x "$target" "$hit" --name ours --lease 10m
equal "it is said" 1 "$(grep -c "^armed 'ours' until .*: a ring of 1024 KiB for each CPU keeps the newest records (records were asked for)$" messages)"
equal "closed to others" "600 700" "$(stat -c %a $leases/ours $leases | xargs)"
"$target" calls 5 # its status is not that of this line
equal "the hits so far" 5 "$(hits ours)"

# Another one beside it; the same name again is refused, and what is armed is left alone.
name=execs arm sched:sched_process_exec pid --name execs
refused 2 "'ours' is armed already" arm -x "$target" "$hit" --name ours
equal "what to do" "hint: take another name (--name), or collect it first: dtrace++ collect ours" "$(grep hint messages)"
refused 1 "event 'dtp_armed_ours:hit' is armed" delete dtp_armed_ours:hit
dtrace++ delete -q --stale
dtrace++ trace -q -x "$target" "$hit" -- "$target" calls 2 >out
equal "traced beside it" 2 "$(wc -l <out)"
equal "listed" 1 "$(dtrace++ list 'dtp_armed_*:*' | grep -c '^ *armed: dtrace++ collect ours$')"
equal "both" "execs ours" "$(dtrace++ armed --format json | sed -E 's/.*"name":"([^"]*)".*/\1/' | xargs)"

collect ours
equal "seven records" 7 "$(grep -c '"event":"probe_probe:hit","comm":"probe-target"' answer.json)"
equal "their values" "0 1 2 3 4 0 1" "$(sed -nE 's/.*"number":([0-9]+),.*/\1/p' answer.json | xargs)"
equal "nothing of ours beside them" 0 "$(grep -c dtp_ answer.json)"
equal "the end" 1 "$(grep -cE '^7 of 7 hits in the ring, 0 overwritten, 0 lost, armed [0-9]+s ago$' messages)"
is_gone_from ours || fail "ours is still there"
refused 2 "nothing is armed as 'ours'" collect ours
/bin/true
collect execs --keep
equal "the other one" 1 "$(grep -c '"event":"sched:sched_process_exec","comm":"true"' answer.json)"
/bin/true
collect execs
equal "only what came since" 1 "$(grep -c '"event":"sched:sched_process_exec","comm":"true"' answer.json)"
equal "that is said" 1 "$(grep -cE '^[0-9]+ of [0-9]+ hits in the ring, 0 overwritten, 0 lost, [0-9]+ collected before, ' messages)"

# The newest stay, in a file; the ledger says what became of the others.
name=small arm -x "$target" "$hit" --name small --ring-size 64K --filter 'number != 3'
taskset -c 0 "$target" calls 20000
dtrace++ collect -v small -o small.data 2>messages >&2 || fail "$(<messages)"
kept=$(dtrace++ script -i small.data | grep -c 'probe_probe\|dtp_armed_small:hit')
((kept > 300 && kept < 5000)) || fail "$kept of 20000 in a ring of 64 KiB"
equal "the newest" 19999 "$(dtrace++ script -i small.data | tail -1 | sed -E 's/.*number=([0-9]+).*/\1/')"
equal "the ledger" 1 "$(grep -cE "^$kept of 19999 hits written to 'small.data', $((19999 - kept)) overwritten, 0 lost" messages)"
equal "of the file" "20000 $kept 1 $((19999 - kept))" "$(awk '/^dtp_armed_small:hit/ { print $2, $3, $4, $5 }' messages)"
if command -v perf >/dev/null; then
	equal "perf reads it" "$kept" "$(perf script -i small.data 2>/dev/null | grep -c number=)"
fi

# Of one process alone.
mkfifo go
"$target" threads 3 <go & pid=$!
name=one arm -x "$target" "$hit" --name one -p $pid
"$target" calls 5
echo >go
wait $pid
collect one
equal "two threads of it" 6 "$(grep -c '"event":"probe_probe:hit","comm"' answer.json)"

# A lease that has ended is cleaned by whoever comes next; one that was cut off, too.
name=short arm -x "$target" "$hit" --name short --lease 1s
trace_clears() { dtrace++ trace -q syscalls:sys_enter_close -- true >/dev/null; is_gone_from "$1"; }
until_true trace_clears short
name=cut arm -x "$target" "$hit" --name cut
sed -i '$d' $leases/cut
trace_clears cut || fail "what was cut off is still there"

# A file that others could have written is not believed; what is in the kernel can be removed.
name=open arm -x "$target" "$hit" --name open
chmod 644 $leases/open
refused 2 "nothing is armed as 'open'" collect open
equal "it is told" 1 "$(dtrace++ armed 2>&1 | grep -c "^'open' is armed, but nobody knows any more what for")"
equal "cleaned" "disarmed open" "$(dtrace++ armed --clean)"
rm -f $leases/open
is_gone_from open || fail "it is still there"

# What cannot be armed, and nothing of it stays.
refused 3 "'cpu-profile' cannot be armed: the clock that samples where the CPUs are is gone with its process" arm cpu-profile
refused 3 "'exit' cannot be armed: rings that nobody reads have no stacks" arm exit
refused 2 "the event has no field 'x'" arm sched:sched_process_exec --filter 'x == 1'
equal "nothing of it" "" "$(dtrace++ armed; ls $leases)"

rmdir $leases 2>/dev/null
true
