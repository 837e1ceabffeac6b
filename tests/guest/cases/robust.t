# Whatever happens to the recorder or its disk, the file can be read up to there; and the recorder does not grow.
# also runs on this machine
. "${0%/*}/lib.sh"

target=$(command -v probe-target)
dtrace++ probe -x "$target" 'test_robust:hit=hit number=%di:s32' >/dev/null || fail "probe"
at_end+=('dtrace++ delete -q test_robust:hit')

# The table's number of hits that were left out.
left_out() { awk '/^event / { for (i = 1; i <= NF; ++i) if ($i == "left") at = i } /^test_robust:hit / { print at ? $at : 0 }' "$1"; }

start() { # OPTIONS...
	dtrace++ record -a --no-govern -e test_robust:hit "$@" 2>messages & recorder=$!
	at_end+=("kill -9 $recorder 2>/dev/null")
	until_true grep -q '^recording' messages
}

written() { dtrace++ script -q -i "$1" 2>/dev/null | grep -c .; }
has_written() { [ "$(written "$1")" = "$2" ]; }

# Killed.
start -o killed.data
"$target" calls 1000
until_true has_written killed.data 1000
kill -KILL $recorder; wait $recorder 2>/dev/null
dtrace++ script -i killed.data >records 2>messages
equal "status" 1 $?
equal "records" 1000 "$(grep -c 'probe-target .*number=' records)"
equal "the end is missing" "error: 'killed.data' has no end: its recorder was killed, or still records" "$(<messages)"
if command -v perf >/dev/null; then unchanged "perf reads it" "$(perf script -i killed.data 2>/dev/null)" "$(<records)"; fi

# Killed while it writes, again and again: every record that is read is whole, and there is no other error.
for delay in 0.05 0.11 0.17 0.23; do
	start -o busy.data
	"$target" calls 30000 & sleep $delay
	kill -KILL $recorder; wait 2>/dev/null
	dtrace++ script -i busy.data >records 2>messages
	equal "status" 1 $?
	equal "the end is missing" "error: 'busy.data' has no end: its recorder was killed, or still records" "$(<messages)"
	equal "nothing but whole records" 0 "$(grep -vc ' number=[0-9]*$' records)"
done

# Asked to end.
start -o asked.data
"$target" calls 100
kill -TERM $recorder; wait $recorder
equal "status after TERM" 0 $?
equal "records after TERM" 100 "$(dtrace++ script -i asked.data | grep -c .)"

# A full disk.
mkdir small; mount -t tmpfs -o size=1m none small || skip "no file system can be mounted"
at_end=('umount small' "${at_end[@]}")
dtrace++ record -v -a --no-govern -e test_robust:hit -o small/full.data -- "$target" calls 20000 2>messages
equal "status" 1 $?
equal "says why" "error: cannot write 'small/full.data': no space left on device" "$(grep ^error messages)"
recorded=$(grep -o '^recorded [0-9]*' messages)
dtrace++ script -v -i small/full.data >records 2>table || fail "$(<table)"
equal "records" "${recorded#recorded }" "$(grep -c . records)"
((${recorded#recorded } > 8000)) || fail "the disk was not used"
(($(left_out table) > 0)) || fail "nothing is left out: $(<table)"
unchanged "the ledger is in the file" "$(grep ^test messages)" "$(grep ^test table)"
if command -v perf >/dev/null; then equal "perf reads it" "${recorded#recorded }" "$(perf script -i small/full.data 2>/dev/null | grep -c .)"; fi
head -c 1M /dev/zero >small/rest 2>/dev/null
dtrace++ record -e test_robust:hit -o small/next.data -- true 2>messages
equal "status, without any room" 1 $?
equal "says so" "error: cannot write 'small/next.data': no space left on device" "$(grep ^error messages)"

# The peak of its memory does not grow with the number of events.
peak() { awk '/^VmHWM/ { print $2 }' /proc/$recorder/status; }
start -m 64K -o /dev/null
"$target" calls 20000
first=$(peak)
for i in 1 2 3 4 5; do "$target" calls 20000; done
second=$(peak)
kill -TERM $recorder; wait $recorder
((second - first <= 512)) || fail "grown from $first to $second kB"
echo "ok: peak $first kB, then $second kB"
