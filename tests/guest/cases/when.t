# Hits for which a condition holds, decided by the kernel, by the reader, or by both; and the end after some of them.
# also runs on this machine
. "${0%/*}/lib.sh"

target=$(command -v probe-target)
traced() { dtrace++ trace -v --no-govern -x "$target" 'hit number=%di:s32 text=+0(%si):string' "$@" >hits 2>messages; }
numbers() { sed -nE 's/.* number=(-?[0-9]+) .*/\1/p' hits | xargs; }

# when NUMBERS WHO LEFT_OUT EXPR
when() {
	traced --when "$4" -- "$target" calls 20
	equal "status of the command: $4" 7 $?
	equal "hits" "$1" "$(numbers)"
	equal "decided" "--when is decided for probe_probe:hit by $2" "$(grep '^--when is' messages)"
	equal "the end" 1 "$(grep -cE "^$(wc -l <hits) records? in [0-9.]+ s${3:+, $3 left out by --when}, 0 lost$" messages)"
}
when '11 12' 'the kernel (number > 10 && (number < 13))' '' 'number > 10 && (number < 13)'
when '3' 'the kernel (text ~ "text 3" && number == 3)' '' 'text ~ "text 3" && number == 3'
when '13 16 19' 'the kernel (number > 10) and the reader' 6 'number > 10 && number % 3 == 1'
when '2 5' 'the reader' 18 'text ~ "text 5*" || number * 2 == 4'
when '19' 'the kernel (number == 19) and the reader' '' "number == 19 && pid > 1 && cpu + 1 > 0 && event == \"hit\""
when '' 'the kernel (comm == "nobody")' '' 'comm == nobody'

# Together with a filter.
traced --filter 'number < 12' --when 'number > 9' -- "$target" calls 20
equal "both" "10 11" "$(numbers)"

# The end after so many, and what came behind it.
traced --stop-after 3 --when 'number > 4' -- "$target" calls 20
equal "status" 0 $?
equal "the first three" "5 6 7" "$(numbers)"
equal "the others" 1 "$(grep -cE '^3 records in [0-9.]+ s, 12 came behind the last, 0 lost$' messages)"

# A command that runs on is asked to end.
dtrace++ trace -q --stop-after 2 syscalls:sys_enter_read --when 'comm == "sleeper"' \
	-- bash -c 'echo -n sleeper >/proc/self/comm; for i in 1 2 3; do read -r _ </etc/passwd; done; exec sleep infinity' >hits || fail "status"
equal "two of it" 2 "$(grep -c '^ *sleeper' hits)"

# Each hit with its stack below, and a condition on it.
traced --stack --when 'function == "hit" && number == 4' -- "$target" calls 9
equal "one" 4 "$(numbers)"
equal "its stack" 1 "$(grep -c ' hit+0x0 (.*probe-target)$' hits)"

# Where the event has a field of the same name as the task, the field is meant, as in a filter.
dtrace++ trace -q 'sched:sched_process_exec pid old_pid' --when 'pid == old_pid && comm == "true"' -- true >hits
equal "an exec" 1 "$(wc -l <hits)"
dtrace++ trace -q 'sched:sched_process_exec old_pid=pid' --when 'old_pid / 1 == pid' -- true >hits
equal "under another name" 1 "$(wc -l <hits)"

if [ -e $tracing/kprobe_events ]; then
	ip link set lo up
	dtrace++ trace 'tcp_sendmsg size dest=sk->__sk_common.skc_daddr' -v --when 'dest == 127.0.0.1 && size > 100 || size == 1' \
		-- workload send 127.0.0.1 9001 101 4 100 5 >hits 2>messages || fail "$(<messages)"
	equal "addresses in the kernel" 4 "$(grep -c 'size=101 dest=127.0.0.1' hits)"
	dtrace++ trace 'tcp_sendmsg size dest=sk->__sk_common.skc_daddr' --when 'dest == 127.0.0.1 && size * 2 > 200' \
		-- workload send 127.0.0.1 9001 101 4 100 5 >hits 2>messages || fail "$(<messages)"
	equal "addresses in the reader" "4 4" "$(grep -c 'size=101 dest=127.0.0.1' hits) $(wc -l <hits)"
	dtrace++ trace 'vfs_read file=file:path' --when 'file == "/etc/hostname" || 1 == 2' -- cat /etc/hostname >hits 2>messages || fail "$(<messages)"
	equal "paths" "2 2" "$(grep -c vfs_read hits) $(grep -c 'file="/etc/hostname"' hits)"
fi
