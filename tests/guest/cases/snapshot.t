# trace --snapshot-on: the newest hits, when a condition holds for one.
# also runs on this machine
. "${0%/*}/lib.sh"
requires root tracefs

target=$(command -v probe-target)
hit='hit number=%di:s32 text=+0(%si):string'
numbers() { sed -nE 's/.* number=(-?[0-9]+) .*/\1/p' "$@"; }
traced=(dtrace++ trace --no-govern -x "$target" "$hit" --ring-size 64K)

# What is waited for in `messages` must not be of the run before: it is removed.
# One snapshot, decided by the kernel: what came before the hit, and nothing of long ago.
"${traced[@]}" -v --snapshot-on 'number == 4000' --stop-after 1 >hits 2>messages & tracer=$!
at_end+=("kill -9 $tracer 2>/dev/null")
until_true grep -q '^waiting for number == 4000' messages
equal "by the kernel" "--snapshot-on is decided for probe_probe:hit by the kernel (number == 4000)" "$(grep '^--snapshot' messages)"
taskset -c 0 "$target" calls 3000
equal "nothing yet" 0 "$(wc -l <hits)"
taskset -c 0 "$target" calls 4001
wait $tracer
equal "status" 0 $?
kept=$(numbers hits | wc -l)
((kept > 300 && kept < 1000)) || fail "$kept hits in the ring: $(<messages)"
unchanged "the newest, in their order, and no others" "$(seq $((4001 - kept)) 4000)" "$(numbers hits)"
equal "their process, which has ended, has its name" "$kept" "$(grep -c '^ *probe-target ' hits)"
equal "the end" 1 "$(grep -cE "^1 snapshot with $kept of 7001 hits in [0-9.]+ s, $((7001 - kept)) overwritten or not asked for, 0 lost$" messages)"

# It goes on: the next snapshot has what came since; what nobody asked for is counted, not shown.
rm messages
"${traced[@]}" --snapshot-on 'number == 3 && cpu + 1 > 0' >hits 2>messages & tracer=$!
at_end+=("kill -9 $tracer 2>/dev/null")
until_true grep -q '^waiting for' messages
shown() { [ "$(numbers hits | wc -l)" -ge "$1" ]; }
"$target" calls 4; until_true shown 4
"$target" calls 3
"$target" calls 4; until_true shown 11
"$target" calls 2
kill -INT $tracer; wait $tracer || fail "$(<messages)"
equal "twice" "0 1 2 3 0 1 2 0 1 2 3" "$(numbers hits | xargs)"
equal "the end of it" 1 "$(grep -cE '^2 snapshots with 11 of 13 hits in [0-9.]+ s, 2 overwritten or not asked for, 0 lost$' messages)"

# With a command; --when chooses what is kept, by the kernel and by the reader.
"${traced[@]}" --snapshot-on 'number == 5' --when 'number > 2 && number % 2 == 1' -- "$target" calls 7 >hits 2>messages
equal "the command's status" 7 $?
equal "odd ones" "3 5" "$(numbers hits | head -2 | xargs)"
"${traced[@]}" --snapshot-on 'number == 50' -- "$target" calls 7 >hits 2>messages
equal "nothing" "" "$(<hits)"
equal "and that is said" 1 "$(grep -c '^0 snapshots with 0 of 7 hits' messages)"

# Recordings.
rm messages
"${traced[@]}" --stack --snapshot-on 'text == "text 6"' --stop-after 2 -o taken.data >messages 2>&1 & tracer=$!
at_end+=("kill -9 $tracer 2>/dev/null")
until_true grep -q '^waiting for' messages
"$target" calls 7
until_true compgen -G 'taken.data.20*' >/dev/null
"$target" calls 7
wait $tracer || fail "$(<messages)"
equal "the first" "6" "$(dtrace++ script -i "$(echo taken.data.20*)" | numbers | tail -1)"
equal "the last" "6" "$(dtrace++ script -i taken.data | numbers | tail -1)"
equal "with stacks" 1 "$(($(dtrace++ script -i taken.data | grep -c ' hit+0x0 ') > 0))"
if command -v perf >/dev/null; then
	unchanged "perf reads it" "$(perf script -i taken.data 2>/dev/null | grep -c number=)" "$(dtrace++ script -i taken.data | numbers | wc -l)"
fi
