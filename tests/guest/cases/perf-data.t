# Files are perf's: perf script prints our recording as we do, we print perf's as perf does, byte for byte.
# also runs on this machine
. "${0%/*}/lib.sh"
requires perf

target=$(command -v probe-target)
dtrace++ probe -x "$target" 'test_files:hit=hit number=%di:s32 text=+0(%si):string x=%di:x16' >/dev/null || fail "probe"
at_end+=('dtrace++ delete -q test_files:hit')

# same FILE WHAT
same() {
	dtrace++ script -i "$1" >ours.txt || fail "$2: script"
	perf script -i "$1" >perfs.txt || fail "$2: perf script"
	unchanged "$2: both print the same" "$(cat perfs.txt)" "$(cat ours.txt)"
}

dtrace++ record -q -e test_files:hit -o ours.data -- "$target" calls 100
equal "status of the command" 7 $?
same ours.data "our recording"
equal "events" 100 "$(count ours.txt 'test_files:hit: (' 'text="text ')"

perf record -q -e test_files:hit -o perfs.data "$target" calls 100 >/dev/null
same perfs.data "perf's recording"
equal "events" 100 "$(count ours.txt 'test_files:hit: (' 'text="text ')"

# All CPUs, two processes at once: the order of time.
dtrace++ record -q -a --no-govern -e test_files:hit -o all.data -- bash -c "$target calls 300 & $target calls 300 & wait"
same all.data "two processes"
equal "events" 600 "$(grep -c . ours.txt)"

# A program's probe is perf's or tracefs', not both.
dtrace++ record -g -a -e test_files:hit -o busy.data 2>busy & recorder=$!
until_true grep -q '^recording' busy
dtrace++ record -q -a -e test_files:hit -o other.data -- true 2>messages
equal "status of the second recording" 1 $?
equal "its error" "error: 'test_files:hit' is being recorded in another way
hint: the kernel gives the probe of a program to perf's rings (record -g, -p, a command) or to those of tracefs (record -a), not to both: end the other recording, or record as it does" "$(<messages)"
kill -INT $recorder; wait $recorder
