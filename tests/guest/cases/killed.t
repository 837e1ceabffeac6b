# What a killed dtrace++ left behind is removed by the next run; somebody else's probe stays.
. "${0%/*}/lib.sh"
requires kprobes

echo 'p:mine/other vfs_write' >>$tracing/kprobe_events
at_end+=('echo "-:mine/other" >>$tracing/kprobe_events')
found=$(tracefs_state)

start() {
	dtrace++ trace -a 'vfs_read count' >answer.txt 2>&1 & pid=$!
	until_true grep -q vfs_read answer.txt
}

start; kill -KILL $pid; wait $pid 2>/dev/null
[ "$(tracefs_state)" != "$found" ] || fail "nothing was left behind: this test tests nothing"
dtrace++ delete --stale || fail "delete --stale"
unchanged "after delete --stale" "$found" "$(tracefs_state)"

start; kill -KILL $pid; wait $pid 2>/dev/null
dtrace++ trace 'vfs_read count' -- true >/dev/null 2>&1 || fail "trace"
unchanged "after the next run" "$found" "$(tracefs_state)"

for signal in INT TERM HUP; do
	start; kill -$signal $pid; wait $pid
	equal "status after SIG$signal" 0 $?
	unchanged "after SIG$signal" "$found" "$(tracefs_state)"
done
