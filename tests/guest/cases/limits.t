# A recording ends by itself, and is cut into files.
# also runs on this machine
. "${0%/*}/lib.sh"

target=$(command -v probe-target)
dtrace++ probe -x "$target" 'test_limits:hit=hit number=%di:s32' >/dev/null || fail "probe"
at_end+=('dtrace++ delete -q test_limits:hit')
record=(dtrace++ record --no-govern -e test_limits:hit) # what stops it shall be the limits

events() { dtrace++ script -i "$1" | grep -c .; }

# By number: exactly so many, and the command is asked to end.
"${record[@]}" --max-events 25 -o some.data -- bash -c "$target calls 100; exec sleep 100" 2>messages
equal "records" 25 "$(events some.data)"
equal "says so" "recorded 25 events" "$(grep -o 'recorded 25 events' messages)"

# By size: nearly reached, not passed.
"${record[@]}" -q --max-size 64K -o size.data -- "$target" calls 20000
size=$(stat -c %s size.data)
((size <= 65536 && size > 56000)) || fail "size $size"
(($(events size.data) > 300)) || fail "few events"

# By time.
"${record[@]}" -q --duration 300ms -o time.data -- sleep 100
equal "no events" 0 "$(events time.data)"

# A new file for each so many bytes; each can be read alone, no event is missing or there twice, names are known.
"${record[@]}" --switch-output=200K -o cut.data -- bash -c "for i in {1..40}; do $target calls 100; sleep 0.02; done" 2>messages
[ ! -e cut.data ] || fail "a file without a time is left"
files=(cut.data.20*)
((${#files[@]} >= 2)) || fail "one file"
grep -q "in ${#files[@]} files, the last '${files[-1]}'" messages || fail "$(<messages)"
for file in "${files[@]}"; do dtrace++ script -i "$file" || fail "script of $file"; done >all
equal "events of all files" 4000 "$(grep -c . all)"
equal "all with names" 4000 "$(grep -c '^ *probe-target ' all)"
equal "each number as often" 40 "$(grep -c 'number=17$' all)"
if command -v perf >/dev/null; then
	for file in "${files[@]}"; do perf script -i "$file" || fail "perf script of $file"; done >all.perf 2>/dev/null
	unchanged "perf reads them as we do" "$(<all.perf)" "$(<all)"
fi

# By signal.
"${record[@]}" -a --switch-output -o asked.data 2>messages & recorder=$!
until_true grep -q '^recording' messages
"$target" calls 10
kill -USR2 $recorder
until_true compgen -G 'asked.data.20*' >/dev/null
"$target" calls 5
kill -INT $recorder; wait $recorder || fail "$(<messages)"
files=(asked.data.20*)
equal "two files" 2 ${#files[@]}
equal "before the signal" 10 "$(events "${files[0]}")"
equal "after it" 5 "$(events "${files[1]}")"
equal "with names" 5 "$(dtrace++ script -i "${files[1]}" | grep -c '^ *probe-target ')"
