# Numbers of a recorded field, and how long calls took.
# also runs on this machine
. "${0%/*}/lib.sh"
requires root tracefs

program=$(command -v probe-target)
offset=$($program offset)
group=stats_$$

dtrace++ probe -x "$program" "$group:hit=$offset number=%di:s32 text=+0(%si):string" || fail probe
dtrace++ probe -x "$program" "$group:back=$offset%return result=\$retval:s32" || fail "probe of the return"
dtrace++ record -q --no-govern -e "$group:*" -o data -- "$program" calls 1000 2>messages
equal "the command's status" 7 $?
dtrace++ delete "$group:*" || fail delete

dtrace++ stats number -i data --format json >numbers.json || fail stats
equal "0 to 999" 1 "$(count numbers.json '"count":1000,"sum":499500,"mean":499.5,"min":0,' '"max":999,')"
equal "128 to 255" 1 "$(count numbers.json '{"first":128,"last":255,"count":128}')"
percentile() { sed -nE "s/.*\"p$1\":([0-9]+).*/\1/p" numbers.json; }
for percent in 50 90 99; do
	true_value=$((percent * 10 - 1))
	seen=$(percentile $percent)
	((128 * (seen > true_value ? seen - true_value : true_value - seen) <= true_value)) ||
		fail "percentile $percent: $seen, not $true_value"
done

dtrace++ stats --latency hit back__return -i data -s comm,text --format json >latency.json 2>messages || fail "$(<messages)"
equal "nothing unpaired" 1 "$(count latency.json '"count":1000,' '"open_calls":0,"lone_returns":0')"
equal "by the text of the entry" 1 "$(count latency.json '"keys":{"comm":"probe-target","text":"text 7"},"count":1,')"
equal "no message" "" "$(<messages)"
