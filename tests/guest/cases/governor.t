# Probes that cost more than the budget are watched in windows of time, and at last not at all: that is said, and is in
# the file. Which rings they use makes no difference.
# also runs on this machine
. "${0%/*}/lib.sh"

target=$(command -v probe-target)
endless=2000000000
windows_waited=2
[ ! -e $tracing/kprobe_events ] || windows_waited=1
dtrace++ probe -x "$target" 'test_governor:governed=hit number=%di:s32' >/dev/null || fail "probe"
at_end+=('dtrace++ delete -q "test_governor:*"')

# Hits so far of the event of this name, which no other has.
profile() { cat $tracing/kprobe_profile $tracing/uprobe_profile 2>/dev/null | awk -v name="$1" '$1 == name { print $2 } $2 == name { print $3 }'; }
stands_still() { local hits; hits=$(profile "$1"); sleep 0.1; [ "$hits" = "$(profile "$1")" ]; }
goes_on() { [ "$(profile "$1")" -gt "$2" ]; }

# Until the event NAME was off, and on again.
pass_window() { # NAME
	until_true stands_still "$1"
	until_true goes_on "$1" "$(profile "$1")"
}

# Of the line "sampled: EVENT was watched N s of M s": N is more than 0 and less than M.
is_sampled() { # FILE EVENT
	awk -v event="$2" '/^(# )?sampled: / { sub(/^# /, ""); if ($2 == event && $5 > 0 && $5 < $8) found = 1 } END { exit !found }' "$1"
}

# windows WHAT EVENT RECORD-OPTION...: an endless load, until the event was off and on again
windows() {
	local what=$1 event=$2 recorder; shift 2
	dtrace++ record -v --budget 1 -e "test_governor:$event" -o "$what.data" "$@" 2>messages & recorder=$!
	until_true grep -q "^warning: 'test_governor:$event' costs about" messages
	for ((i = 0; i < windows_waited; ++i)); do pass_window "$event"; done
	kill -INT $recorder; wait $recorder
	equal "$what: said once" 1 "$(grep -c '^warning:' messages)"
	equal "$what: what becomes of it" 1 "$(grep -c 'it is watched in windows of time from now on$' messages)"
	equal "$what: a hint" 1 "$(grep -c '^hint: --no-govern records every hit, --budget [0-9]* as much as now$' messages)"
	is_sampled messages "test_governor:$event" || fail "$what: $(<messages)"
	dtrace++ script -i "$what.data" >records 2>table
	is_sampled table "test_governor:$event" || fail "$what: script: $(<table)"
	equal "$what: records" "$(awk '/^test_governor:/ { print $3 }' messages)" "$(grep -c ": test_governor:$event: " records)"
	equal "$what: nothing of another event" 0 "$(grep -c '^left out:' table)"
	dtrace++ stats -i "$what.data" number >/dev/null 2>table; is_sampled table "test_governor:$event" || fail "$what: stats: $(<table)"
	dtrace++ report -i "$what.data" >table 2>/dev/null; is_sampled table "test_governor:$event" || fail "$what: report: $(<table)"
	if command -v perf >/dev/null; then
		equal "$what: perf reads the file" "$(grep -c ": test_governor:$event: " records)" "$(perf script -F time,event -i "$what.data" 2>/dev/null | grep -c "test_governor:$event:")"
	fi
}

windows tracefs governed -a -- "$target" calls $endless
# In the guests a probe of a program costs so much that windows are far from each other: the kernel's are tried instead.
if [ -e $tracing/kprobe_events ]; then
	dtrace++ probe -q 'test_governor:governed_read=vfs_read number=count' || fail "probe"
	windows kernel governed_read -a -- dd if=/dev/zero of=/dev/null bs=1
	exit 0
fi

windows perf governed -- "$target" calls $endless
windows stacks governed -a -g -- "$target" calls $endless

# Processes that are started while the event is off are watched in the windows to come.
# A window that opens while one of them starts may miss it: there are more of them.
windows_waited=5
windows children governed -- bash -c "while :; do '$target' calls 2000; done"
dtrace++ script -i children.data -F time,pid 2>/dev/null | awk '{ sub(/:$/, "", $1) } NR > 1 && $1 > last + 0.05 && $2 != pid { found = 1 } { last = $1; pid = $2 } END { exit !found }' ||
	fail "no process of a second window"

# A flight recorder's ring outlives the windows.
dtrace++ record --budget 1 --overwrite -e test_governor:governed -o flight.data -- "$target" calls $endless 2>messages & recorder=$!
until_true grep -q '^warning: ' messages
pass_window governed
kill -INT $recorder; wait $recorder
is_sampled messages test_governor:governed || fail "flight recorder: $(<messages)"
(($(dtrace++ script -i flight.data 2>/dev/null | grep -c 'test_governor:governed: ') > 0)) || fail "the flight recorder is empty"

# Without a governor, or with a budget that is large enough, every hit is there.
for option in --no-govern --budget=100%; do
	dtrace++ record $option -e test_governor:governed -o all.data -- "$target" calls 100000 2>messages
	equal "$option" "recorded 100000 events" "$(grep -o '^recorded [0-9]* events' messages)"
	equal "$option: nothing else is said" 1 "$(grep -c . messages)"
done

# Windows that would be too far from each other.
dtrace++ record -v --budget 0.0001 -a -e test_governor:governed -o off.data -- "$target" calls $endless 2>messages & recorder=$!
until_true grep -q 'the budget is 0.0001 %: it is off from now on$' messages
until_true stands_still governed
kill -INT $recorder; wait $recorder
grep -q "^sampled: test_governor:governed was watched " messages || fail "off: $(<messages)"

# What is printed as it comes.
dtrace++ trace --budget 1 -x "$target" 'hit number=%di:s32' -- "$target" calls $endless >/dev/null 2>messages & tracer=$!
until_true grep -q "^warning: 'probe_probe:hit' costs about .* it is watched in windows of time from now on\$" messages
kill -INT $tracer; wait $tracer
grep -q '^sampled: probe_probe:hit was watched' messages || fail "trace: $(<messages)"
equal "trace --no-govern" 100000 "$(dtrace++ trace -q --no-govern -x "$target" 'hit number=%di:s32' -- "$target" calls 100000 2>/dev/null | grep -c .)"

# Who is to read that does not: the governor goes on.
mkfifo pipe
sleep 1000 <pipe & reader=$!
dtrace++ trace -a --budget 1 -x "$target" 'governed_pipe=hit number=%di:s32' >pipe 2>messages -- "$target" calls $endless & tracer=$!
until_true grep -q "^warning: " messages
pass_window governed_pipe
kill $reader; wait $reader 2>/dev/null; wait $tracer
! pgrep -P $tracer >/dev/null || fail "the command goes on"
