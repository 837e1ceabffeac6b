# Times between two points, by thread and by values.
# also runs on this machine
. "${0%/*}/lib.sh"
requires root tracefs

begin=syscalls:sys_enter_clock_nanosleep end=syscalls:sys_exit_clock_nanosleep

# The answer of the table, and the rows that took longest.
dtrace++ latency $begin "$end ret" --key comm --top 2 --format json -- workload sleep 30 6 >answer.json 2>messages ||
	fail "$(<messages)"
equal "six sleeps" 1 "$(count answer.json '{"comm":"workload","count":6,')"
least=$(sed -nE 's/.*"min":([0-9]+).*/\1/p' answer.json)
((least >= 30000000)) || fail "it slept for 30 ms, not for $least ns"
equal "the two longest" 2 "$(grep -cE '^\{"time":[0-9]+,"comm":"workload","tid":[0-9]+,"latency":[0-9]+,"ret":0\}$' answer.json)"
greatest=$(sed -nE 's/.*"max":([0-9]+).*/\1/p' answer.json)
equal "the first of them is the maximum" "$greatest" "$(sed -nE '2s/.*"latency":([0-9]+).*/\1/p' answer.json)"

# Only what takes long, as it comes.
dtrace++ latency $begin $end --over 20ms --format json -- workload sleep 30 6 >answer.json 2>messages || fail "$(<messages)"
equal "all took longer" 6 "$(wc -l <answer.json)"
dtrace++ latency $begin $end --over 100s -- workload sleep 30 2 >answer 2>messages || fail "$(<messages)"
equal "none took so long" 1 "$(wc -l <answer)"

# The kernel puts pairs together where it can, and the event stream gives the same.
pairs=no
[ ! -e $tracing/events/sched/sched_process_exit/hist ] || pairs=yes
# way REASON: kernel, or why the stream is asked
way() {
	local expected="put together from the event stream: $1"
	[ "$1" != kernel ] || expected="put together in the kernel:"
	[ $pairs = yes ] || expected="put together from the event stream: this kernel has no synthetic events"
	equal "the way" 1 "$(grep -cxF "$expected" messages)"
	equal "none lost" 1 "$(grep -c ', 0 lost$' messages)"
}
# pair WAY OPTION... : of system calls, with what is not a time in rows.kernel, which are those of the stream
pair() {
	local way=$1 times='s/"(time|latency|sum|mean|min|max|p50|p90|p99|tid)":[0-9.]+/"\1":0/g; s/^.*"(from|least|first)":.*$//'
	shift
	dtrace++ latency "$@" -v --format json -- workload sleep 3 20 >answer.json 2>messages || fail "$(<messages)"
	way "$way"
	dtrace++ latency "$@" --stream --no-govern --format json -- workload sleep 3 20 >stream.json 2>messages || fail "$(<messages)"
	sed -E "$times" answer.json >rows.kernel
	sed -E "$times" stream.json >rows.stream
	unchanged "both give the same: $*" "$(<rows.stream)" "$(<rows.kernel)"
}
pair kernel "$begin which_clock flags" "$end ret" --over 1ms
equal "what was fetched at both" 20 "$(count answer.json '"which_clock":0,"flags":0,"ret":0}')"
least=$(sed -nE 's/.*"latency":([0-9]+).*/\1/p' answer.json | sort -n | head -1)
((least >= 3000000)) || fail "it slept for 3 ms, not for $least ns"
pair "all pairs are wanted: two records cost the traced system less" raw_syscalls:sys_enter raw_syscalls:sys_exit \
	--filter 'id == 230' --to-filter 'id == 230' --key comm,number=id --top 1
equal "twenty sleeps" 1 "$(count answer.json '{"comm":"workload","number":230,"count":20,')"
pair kernel 'raw_syscalls:sys_enter id' raw_syscalls:sys_exit --filter 'id == 230' --to-filter 'id == 230' --over 1ns
equal "twenty sleeps" 20 "$(count answer.json '"comm":"workload"' '"id":230}')"
pair "it has stacks" $begin $end --stack --over 1ms
pair "calls of a thread may nest; --by tid says that they do not" $begin sched:sched_switch --over 1ns
equal "from the call to when another thread runs" 20 "$(count answer.json '"comm":"workload"')"
pair kernel $begin sched:sched_switch --by tid --over 1ns
equal "the same" 20 "$(count answer.json '"comm":"workload"')"

# Who woke whom: the thread is that of the first event, and the two know each other by a number.
dtrace++ latency 'sched:sched_wakeup woken=pid name=comm' 'sched:sched_switch next_comm' --by woken=next_pid -a -v --over 1ns --format json \
	-- workload sleep 3 20 >answer.json 2>messages || fail "$(<messages)"
way kernel
wakeups=$(grep -cE '"woken":([0-9]+),"name":"workload","next_comm":"workload","next_pid":\1\}$' answer.json)
# There are kernels that do not tell of a switch from the idle task of each CPU: those of the guests do.
least=20
[ -e $tracing/kprobe_events ] || least=1
((wakeups >= least)) || fail "$wakeups wakeups of the sleeper"
equal "the same thread" "$(wc -l <answer.json)" "$(grep -cE '"woken":([0-9]+),.*"next_pid":\1\}$' answer.json)"

# From the return of each call to the beginning of the next: two names of one value, in a program.
program=$(command -v probe-target)
offset=$($program offset)
dtrace++ latency -x "$program" "$offset%return result=\$retval:s32" "$offset number=%di:s32" --by result=number \
	--format json --top 1 -- "$program" calls 10 >answer.json 2>messages
equal "the command's status" 7 $?
equal "nine pauses between ten calls" 1 "$(count answer.json '{"count":9,')"
equal "what has no other half" 1 "$(grep -cxF 'left out: 1 beginnings without an end, 1 ends without a beginning' messages)"
equal "both values" 1 "$(grep -cE '"result":([0-9]),"number":\1\}$' answer.json)"

dtrace++ latency -x "$program" "$offset text=+0(%si):string" "$offset%return result=\$retval:s32" --by tid -v --format json --over 1ns \
	-- "$program" calls 10 >answer.json 2>messages
way kernel
equal "a text of the beginning" 1 "$(grep -cE '"text":"text 9","result":10\}$' answer.json)"
equal "all of them" 10 "$(wc -l <answer.json)"

# One point twice, and two programs.
dtrace++ latency --from-x "$program" --to-x "$program" "$offset" "$offset" --format json --top 1 \
	-- "$program" calls 10 >answer.json 2>messages
equal "from call to call" 1 "$(count answer.json '{"count":9,')"

# Killed: nothing stays.
dtrace++ latency $begin $end -a --over 1s -v >/dev/null 2>messages & killed=$!
until_true grep -q 'ends it' messages
if [ $pairs = yes ]; then
	equal "an event of pairs" 1 "$(grep -c "^dtp_${killed}_" $tracing/synthetic_events)"
	equal "a trigger" 1 "$(grep -c onmatch $tracing/instances/dtp_${killed}_*/events/syscalls/sys_exit_clock_nanosleep/trigger)"
fi
kill -9 $killed; wait $killed 2>/dev/null
without_rest() {
	! ls $tracing/instances | grep -q "^dtp_${killed}_" && ! grep -qs "^dtp_${killed}_" $tracing/synthetic_events
}
until_true without_rest

# So does what nobody could tidy up: the next one does it.
if [ $pairs = yes ]; then
	gone=dtp_999999_1
	mkdir $tracing/instances/$gone
	echo "$gone u64 lat" >>$tracing/synthetic_events
	echo 'hist:keys=common_pid:ts=common_timestamp if common_pid > 1' >>$tracing/instances/$gone/events/syscalls/sys_enter_getppid/trigger
	echo "hist:keys=common_pid:lat=common_timestamp-\$ts:onmatch(syscalls.sys_enter_getppid).trace($gone,\$lat)" \
		>>$tracing/instances/$gone/events/syscalls/sys_exit_getppid/trigger
	dtrace++ delete -q --stale
	[ ! -e $tracing/instances/$gone ] || fail "the instance is still there"
	equal "events of pairs" "" "$(cat $tracing/synthetic_events)"
fi
