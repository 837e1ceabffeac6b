# Event probes: what a tracepoint recorded, and what its pointers point to.
. "${0%/*}/lib.sh"
requires kprobes
grep -q ' e\[:' $tracing/README || skip "this kernel has no event probes"

echo text >alpha.txt; echo text >beta.txt
cat >readers.sh <<'END'
workload read alpha.txt 5 7
workload read beta.txt 5 3
END

dtrace++ trace --format json 'syscalls:sys_enter_openat filename:ustring flags' --filter 'filename ~ "*.txt"' \
	-- bash readers.sh >answer.json 2>messages || fail "$(cat messages)"
equal "opened by the workload" 2 "$(count answer.json '"comm":"workload"')"
equal "alpha.txt" 1 "$(count answer.json '"comm":"workload"' '"filename":"alpha.txt"')"
equal "none lost" 1 "$(grep -c '2 records in .* 0 lost' messages)"
equal "thread and process" 2 "$(grep -E -c '"pid":([0-9]+),"tid":\1,' answer.json)"

# A child's child belongs to the command, another process does not.
workload read beta.txt 5 1
dtrace++ trace --format json 'syscalls:sys_enter_read buf:x64 bytes=count' --filter 'bytes == 5' \
	-- bash -c '(workload read alpha.txt 5 7); true' >answer.json 2>messages || fail "$(cat messages)"
equal "reads of the child's child" 7 "$(count answer.json '"comm":"workload"' '"bytes":')"

# Through a pointer that the tracepoint recorded.
ip link set lo up
dtrace++ trace --format json -a 'net:net_dev_xmit same=((struct sk_buff *)skbaddr)->dev->name:string name:string' \
	-- workload send 127.0.0.1 9003 400 3 >answer.json 2>messages || fail "$(cat messages)"
[ "$(count answer.json '"same":"lo"' '"name":"lo"')" -ge 3 ] || fail "no packets: $(cat answer.json messages)"
equal "only those" 0 "$(count answer.json '"same":"eth')"

# One that stays.
dtrace++ probe -q 'eprobe_test:open=syscalls:sys_enter_openat filename:ustring' || fail probe
at_end+=('dtrace++ delete -q eprobe_test:open 2>/dev/null')
equal "list" "e eprobe_test:open     (on syscalls.sys_enter_openat with filename=+u0(\$filename):ustring)" \
	"$(dtrace++ list eprobe_test:open | head -1)"
equal "the request" '    asked for: eprobe_test:open=syscalls:sys_enter_openat filename:ustring' \
	"$(dtrace++ list eprobe_test:open | tail -1)"
dtrace++ record -q -o open.data -e eprobe_test:open -- bash readers.sh || fail record
dtrace++ script -i open.data >script.txt || fail script
equal "in a file" 2 "$(count script.txt workload '.txt"')"
equal "deleted" "deleted eprobe_test:open" "$(dtrace++ delete eprobe_test:open)"

# The rings of a killed dtrace++ go at once; its probe is the next one's to remove.
dtrace++ trace -a 'syscalls:sys_enter_openat filename:ustring' >/dev/null 2>messages &
killed=$!
until_true grep -q tracing messages
kill -9 $killed; wait $killed 2>/dev/null
without_rings() { ! ls $tracing/instances | grep -q ^dtp_; }
until_true without_rings
equal "left behind" 1 "$(grep -c ^e:dtp_ $tracing/dynamic_events)"
dtrace++ delete -q --stale
equal "removed" 0 "$(ls $tracing/instances | grep -c ^dtp_)"

dtrace++ trace 'syscalls:sys_enter_openat filename:ustring' --filter 'filenam == "x"' -- true 2>messages
equal "a filter of a field that is not there" 2 $?
