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

# From the return of each call to the beginning of the next: two names of one value, in a program.
program=$(command -v probe-target)
offset=$($program offset)
dtrace++ latency -x "$program" "$offset%return result=\$retval:s32" "$offset number=%di:s32" --by result=number \
	--format json --top 1 -- "$program" calls 10 >answer.json 2>messages
equal "the command's status" 7 $?
equal "nine pauses between ten calls" 1 "$(count answer.json '{"count":9,')"
equal "what has no other half" 1 "$(grep -cxF 'left out: 1 beginnings without an end, 1 ends without a beginning' messages)"
equal "both values" 1 "$(grep -cE '"result":([0-9]),"number":\1\}$' answer.json)"

# One point twice, and two programs.
dtrace++ latency --from-x "$program" --to-x "$program" "$offset" "$offset" --format json --top 1 \
	-- "$program" calls 10 >answer.json 2>messages
equal "from call to call" 1 "$(count answer.json '{"count":9,')"
