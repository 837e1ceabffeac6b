# As killed.t, with a probe in a program.
# also runs on this machine
. "${0%/*}/lib.sh"

found=$(tracefs_state)
request='readline%return +0($retval):string'

is_seen() {
	printf 'true typed\nexit\n' | script -qec 'bash --norc --noprofile -i' /dev/null >/dev/null
	grep -q 'true typed' answer.txt
}

# Starts a trace and waits until it has seen something.
start() {
	dtrace++ trace -a -x /bin/bash "$request" >answer.txt 2>&1 & pid=$!
	until_true is_seen
}

start; kill -KILL $pid; wait $pid 2>/dev/null
[ "$(tracefs_state)" != "$found" ] || fail "nothing was left behind: this test tests nothing"
dtrace++ delete --stale || fail "delete --stale"
unchanged "after delete --stale" "$found" "$(tracefs_state)"

start; kill -INT $pid; wait $pid
equal "status after SIGINT" 0 $?
