# A flight recorder: the newest records, when they are asked for and at the end.
# also runs on this machine
. "${0%/*}/lib.sh"

target=$(command -v probe-target)
dtrace++ probe -x "$target" 'test_flight:hit=hit number=%di:s32' >/dev/null || fail "probe"
at_end+=('dtrace++ delete -q test_flight:hit')

events() { dtrace++ script -i "$1" | grep -c .; }
numbers() { dtrace++ script -i "$1" | sed 's/.*number=//'; }

dtrace++ record -v -a --no-govern --overwrite -m 64K -e test_flight:hit -o last.data 2>messages & recorder=$!
at_end+=("kill -9 $recorder 2>/dev/null")
until_true grep -q '^recording' messages
taskset -c 0 "$target" calls 5000 # of one CPU, so that the ring's size says how many remain
kill -USR2 $recorder
until_true compgen -G 'last.data.20*' >/dev/null
taskset -c 0 "$target" calls 40
kill -INT $recorder; wait $recorder || fail "$(<messages)"

dumped=$(echo last.data.20*)
kept=$(events "$dumped")
((kept > 300 && kept < 1000)) || fail "$kept events in the ring"
unchanged "the newest, in their order" "$(seq $((5000 - kept)) 4999)" "$(numbers "$dumped")"
equal "their process, which has ended, has its name" "$kept" "$(dtrace++ script -i "$dumped" | grep -c '^ *probe-target ')"
unchanged "at the end what came since" "$(seq 0 39)" "$(numbers last.data)"
equal "names" 40 "$(dtrace++ script -i last.data | grep -c '^ *probe-target ')"
if command -v perf >/dev/null; then
	for file in "$dumped" last.data; do
		unchanged "perf reads $file" "$(perf script -i "$file" 2>/dev/null)" "$(dtrace++ script -i "$file")"
	done
fi

# What was overwritten is left out, not lost.
awk '/^test_flight:hit/ { print $2, $3, $4 }' messages >counts
equal "the ledger" "5040 $((kept + 40)) $((5000 - kept))" "$(<counts)"

# A command, and nothing to dump.
dtrace++ record -q --overwrite -e test_flight:hit -o command.data -- "$target" calls 30
equal "a command" 30 "$(events command.data)"
dtrace++ record -q --overwrite -e test_flight:hit -o none.data -- true
equal "no records" 0 "$(events none.data)"
