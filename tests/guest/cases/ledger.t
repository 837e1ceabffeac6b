# Every hit that the kernel counts is accounted for: recorded, filtered, or lost for a cause that is named.
# also runs on this machine
. "${0%/*}/lib.sh"

target=$(command -v probe-target)
dtrace++ probe -x "$target" 'test_ledger:hit=hit number=%di:s32' >/dev/null || fail "probe"
at_end+=('dtrace++ delete -q "test_ledger:*"')

# The number in a column of the table in FILE.
column() { # FILE EVENT TITLE
	awk -v event="$2" -v title="$3" '
		/^event +hits/ { gsub(/lost: /, "lost:"); gsub(/ring full/, "ring_full"); gsub(/too long/, "too_long")
			gsub(/missed return/, "missed_return"); gsub(/left out/, "left_out")
			for (i = 1; i <= NF; ++i) if ($i == title) at = i }
		$1 == event { print at ? $at : 0 }' "$1"
}

# Hits of the event test_ledger:NAME so far, as the kernel counts them, missed ones included. Lines have no group, but
# the order of the definitions.
profile() {
	paste -d' ' <(cat $tracing/kprobe_events $tracing/uprobe_events 2>/dev/null) <(cat $tracing/kprobe_profile $tracing/uprobe_profile 2>/dev/null) |
		awk -v name="$1" '$1 ~ ":test_ledger/" name "$" { print $0 ~ /\/probe-target:/ ? $NF : $NF + $(NF - 1) }'
}

# The table without its last column, which is not of the hits.
without_outside() { awk '/^event / { cut = $NF == "outside" } /^test_ledger:/ && cut { $NF = "" } { print }' "$1"; }

# adds_up FILE NAME [BEFORE]: the table's hits are the kernel's, and the sum of the other columns.
adds_up() {
	local hits
	hits=$(column "$1" test_ledger:$2 hits)
	[ $# = 2 ] || equal "$2: hits as the kernel counts them" $(($(profile $2) - $3)) "$hits"
	equal "$2: sum" "$hits" "$(awk -v event=test_ledger:$2 '$1 == event { for (i = 3; i <= NF; ++i) sum += $i; print sum }' <(without_outside "$1"))"
}

# Nothing is lost: one line says so.
before=$(profile hit)
dtrace++ record -a -e test_ledger:hit -o none.data -- "$target" calls 100 2>messages
equal "one line" "recorded 100 events" "$(grep -o '^recorded 100 events' messages)"
equal "no table" 1 "$(grep -c . messages)"
dtrace++ script -v -i none.data >/dev/null 2>table
adds_up table hit "$before"

# A filter.
before=$(profile hit)
dtrace++ record -v -a -e test_ledger:hit --filter 'number >= 90' -o some.data -- "$target" calls 100 2>messages
equal "filtered" 90 "$(column messages test_ledger:hit filtered)"
equal "recorded" 10 "$(column messages test_ledger:hit recorded)"
adds_up messages hit "$before"
dtrace++ record -v -e test_ledger:hit --filter 'number >= 90' -o some.data -- "$target" calls 100 2>messages
equal "filtered, of a command" 90 "$(column messages test_ledger:hit filtered)"

# A limit.
before=$(profile hit)
dtrace++ record -v -a -e test_ledger:hit --max-events 30 -o some.data -- "$target" calls 100 2>messages
equal "recorded" 30 "$(column messages test_ledger:hit recorded)"
equal "left out, or after the end" 70 $(($(column messages test_ledger:hit left_out) + $(column messages test_ledger:hit outside)))

# A ring that is full: nobody empties it.
before=$(profile hit)
dtrace++ record -a --no-govern -m 64K -e test_ledger:hit -o full.data 2>messages & recorder=$!
until_true grep -q '^recording' messages
kill -STOP $recorder
"$target" calls 20000
kill -CONT $recorder; kill -INT $recorder; wait $recorder || fail "$(<messages)"
((lost = $(column messages test_ledger:hit lost:ring_full))) || fail "no ring was full: $(<messages)"
equal "recorded and lost" 20000 $(($(column messages test_ledger:hit recorded) + lost))
adds_up messages hit "$before"
equal "said by record" "$lost lost" "$(grep -o "$lost lost$" messages)"
dtrace++ script -i full.data >records 2>table
equal "records in the file" $((20000 - lost)) "$(grep -c . records)"
unchanged "script has the same table" "$(grep -A9 '^event ' messages)" "$(grep -A9 '^event ' table)"
if command -v perf >/dev/null; then equal "perf reads the file" $((20000 - lost)) "$(perf script -i full.data 2>/dev/null | grep -c .)"; fi

# Of some tracepoints perf counts times and no hits.
for options in "-g" "-a -g" "--filter runtime>0"; do
	dtrace++ record -v $options -e sched:sched_stat_runtime -o times.data -- bash -c 'for i in {1..20}; do (:); done' 2>messages
	equal "sched_stat_runtime $options: lost" "$(column messages sched:sched_stat_runtime hits)" "$(column messages sched:sched_stat_runtime recorded)"
done

[ -e $tracing/kprobe_events ] || exit 0

# The limit of samples a second is not for events of which every hit makes one: nothing is throttled.
limit=/proc/sys/kernel/perf_event_max_sample_rate
at_end+=("echo $(<$limit) >$limit")
echo 100 >$limit
equal "the limit" 100 "$(<$limit)"
before=$(profile hit)
dtrace++ record -v --no-govern -m 4M -e test_ledger:hit -o fast.data -- "$target" calls 3000 2>messages
equal "recorded at 100 samples a second" 3000 "$(column messages test_ledger:hit recorded)"
equal "throttled" 0 "$(column messages test_ledger:hit lost:throttled)"
adds_up messages hit "$before"
dtrace++ record -v --no-govern -m 4M -e syscalls:sys_enter_read -o fast.data -- dd if=/dev/zero of=/dev/null bs=1 count=3000 status=none 2>messages
(($(column messages syscalls:sys_enter_read recorded) >= 3000)) || fail "$(<messages)"
equal "throttled" 0 "$(column messages syscalls:sys_enter_read lost:throttled)"

# One call may be under way at a time (maxactive), and one waits: all returns of others are missed.
echo 'r1:test_ledger/back pipe_read' >>$tracing/kprobe_events
at_end+=('echo -:test_ledger/back >>$tracing/kprobe_events')
mkfifo wait
sleep 1000 >wait & sleeper=$!
before=$(profile back)
dtrace++ record -a -e test_ledger:back -o missed.data 2>messages & recorder=$!
until_true grep -q '^recording' messages
cat wait & reader=$!
until_true grep -q pipe_read /proc/$reader/stack
for i in {1..20}; do echo $i | (read -r line); done
kill $sleeper; wait $sleeper $reader 2>/dev/null
kill -INT $recorder; wait $recorder || fail "$(<messages)"
(($(column messages test_ledger:back lost:missed_return) >= 20)) || fail "none missed: $(<messages)"
adds_up messages back "$before"

# A probe that another probe's handler runs into.
dtrace++ probe -q 'test_ledger:inner=strncpy_from_kernel_nofault' || fail "probe inner"
dtrace++ probe -q 'test_ledger:outer=vfs_read name=file->f_path.dentry->d_name.name:string' || fail "probe outer"
dtrace++ record -v -a -e test_ledger:inner -e test_ledger:outer -o inner.data -- workload read /etc/hostname 5 50 2>messages
(($(column messages test_ledger:inner lost:recursion) >= 50)) || fail "no recursion: $(<messages)"
# Others read too, before and after: only the sum is known.
adds_up messages inner
adds_up messages outer

# A record that is longer than the kernel's buffer.
name=$(printf 'x%.0s' {1..4000})
echo 'p:test_ledger/long do_mkdirat a=+0(+0(%si)):string b=+0(+0(%si)):string c=+0(+0(%si)):string' >>$tracing/kprobe_events
at_end+=('echo -:test_ledger/long >>$tracing/kprobe_events')
before=$(profile long)
dtrace++ record -v -a -e test_ledger:long -o long.data -- bash -c "mkdir short; mkdir $name" 2>messages
equal "recorded" 1 "$(column messages test_ledger:long recorded)"
equal "too long" 1 "$(column messages test_ledger:long lost:too_long)"
adds_up messages long "$before"
