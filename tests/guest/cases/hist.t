# Hits counted by values: in the kernel where it can, from the event stream elsewhere, and both ways give the same.
# also runs on this machine
. "${0%/*}/lib.sh"
requires root tracefs

has_histograms=no
[ ! -e $tracing/events/sched/sched_process_exit/hist ] || has_histograms=yes

cat >work.sh <<'END'
workload read work.sh 5 7
workload read work.sh 100 3
(workload read work.sh 4096 4)
END

# both WAY OPTION... : the answer, which the other way gives, too. WAY: kernel, or the reason for the stream.
formats=json
both() {
	local way=$1 expected="counted in the kernel:" format
	shift
	[ "$way" = kernel ] || expected="counted from the event stream: $way"
	[ $has_histograms = yes ] || expected="counted from the event stream: this kernel has no histograms"
	for format in $formats; do
		dtrace++ hist "$@" -v --format $format -- bash work.sh >answer.$format 2>messages || fail "$(<messages)"
		equal "the way" 1 "$(grep -cxF "$expected" messages)"
		equal "none lost" 1 "$(grep -c ', 0 lost$' messages)"
		dtrace++ hist "$@" --stream --no-govern --format $format -- bash work.sh >stream.$format 2>messages || fail "$(<messages)"
		unchanged "both give the same as $format: $*" "$(<answer.$format)" "$(<stream.$format)"
	done
}

# A tracepoint as it is.
reads='syscalls:sys_enter_read'
both kernel $reads --key count --value count --filter 'count == 5 || count == 100 || count == 4096 && fd == 3'
equal "seven of five" 1 "$(count answer.json '"hits":7,"sum_count":35,"mean_count":5}')"
equal "three of a hundred" 1 "$(count answer.json '"hits":3,"sum_count":300,"mean_count":100}')"
both kernel $reads --key count --sort count --top 1
equal "the least first, and one row" 1 "$(grep -c count answer.json)"

# Names of threads, which make it an event probe in the kernel.
both kernel $reads --key comm,count --filter 'count == 5 || count == 100'
equal "by whom" 1 "$(count answer.json '"hits":3}')"
both kernel $reads --key comm --value count
equal "the command alone is watched" "bash workload" "$(sed -nE 's/.*"comm":"([^"]*)".*/\1/p' answer.json | sort | xargs)"

# Ranges.
formats='text json csv'
both kernel $reads --key comm --value count --log2 --filter 'count <= 100'
equal "up to the power of two" 1 "$(grep -cE '^ *workload +5\.\.8 +7$' answer.text)"
equal "its first number" 1 "$(count answer.json '{"comm":"workload","count":5,"hits":7}')"
formats=text
both kernel $reads --key count --buckets 50 --filter 'count <= 100'
equal "of fifty" 1 "$(grep -cE '^ *100\.\.149 +3$' answer.text)"

formats=json

# What histograms cannot.
both "ranges are of numbers without a sign, which 'status' is not" sched:sched_process_exit --key status=prio --log2

# A function of a program, and numbers with a sign.
program=$(command -v probe-target)
offset=$($program offset)
for number in s32 s64 u8; do
	dtrace++ hist -x "$program" "$offset" --key "number=%di:$number,text=+0(%si):string" --value "same=%di:$number" \
		--format json -- "$program" calls 10 >answer.json 2>messages
	equal "the command's status" 7 $?
	equal "each number" 10 "$(count answer.json '"hits":1,')"
	equal "with its text" 1 "$(count answer.json '{"number":9,"text":"text 9","hits":1,"sum_same":9,"mean_same":9}')"
done
dtrace++ hist -x "$program" "$offset" --key 'minus=\-2:s16' --value minus --format json \
	-- "$program" calls 10 >answer.json 2>messages
equal "less than nothing" '{"minus":-2,"hits":10,"sum_minus":-20,"mean_minus":-2}' "$(<answer.json)"

# Of one process among others.
mkfifo go
bash -c 'read -r _ <go; exec bash work.sh' & pid=$!
dtrace++ hist $reads --key count -p $pid --filter 'count == 100' --format json >answer.json 2>messages &
tracer=$!
until_true grep -q 'ends it' messages
workload read work.sh 100 5
echo >go
wait $tracer
equal "of that process and its children" "1 1" "$(wc -l <answer.json) $(count answer.json '"hits":3}')"

if [ $has_histograms = yes ]; then
	# Functions of the kernel, addresses as people write them, and the process of a thread.
	ip link set lo up
	echo 'workload send 127.0.0.1 9001 101 4 100 5' >work.sh
	both kernel tcp_sendmsg --key 'comm,dest=sk->__sk_common.skc_daddr' --value size
	equal "to whom" 1 "$(count answer.json '{"comm":"workload","dest":"127.0.0.1","hits":9,"sum_size":904,')"
	both kernel 'tcp_sendmsg%return result=$retval:s32' --key result
	dtrace++ hist tcp_sendmsg --key pid,tid,cpu,event --format json -- bash work.sh >answer.json 2>messages ||
		fail "$(<messages)"
	equal "process and thread" 1 "$(grep -E -c '"pid":([0-9]+),"tid":\1,"cpu":[01],"event":"tcp_sendmsg",' answer.json)"

	# More rows than there is room for are told.
	dtrace++ hist 'tcp_sendmsg argument=sk:u64' --key argument --format json -- workload send 127.0.0.1 9001 1 3 >answer.json 2>messages
	equal "a connection" 1 "$(wc -l <answer.json)"

	# A string that looks like a part of the histogram is not believed.
	forged=$'x } hitcount:          1\n{ name: y'
	names='do_filp_open name=pathname->name:string'
	dtrace++ hist "$names" --key name -- cat "$forged" >answer 2>messages
	equal "status" 1 $?
	equal "the message" 1 "$(grep -c "^error: the histogram of .* cannot be read: a string in it looks like a part of it" messages)"
	dtrace++ hist "$names" --key name --stream --no-govern -- cat "$forged" >answer 2>messages
	equal "the stream can" 1 "$(grep -cF 'x } hitcount:          1\n{ name: y' answer)"
fi

# Killed: nothing stays.
dtrace++ hist $reads --key comm >/dev/null 2>messages & killed=$!
until_true grep -q 'ends it' messages
kill -9 $killed; wait $killed 2>/dev/null
without_instance() { ! ls $tracing/instances | grep -q "^dtp_${killed}_"; }
until_true without_instance
dtrace++ delete -q --stale
