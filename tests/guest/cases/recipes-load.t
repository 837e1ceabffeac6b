# What polls the load: threads whose states are known, and limits that are met when the last of them is there.
. "${0%/*}/lib.sh"
. "${0%/*}/recipes.sh"

at_end+=('kill $(jobs -p) 2>/dev/null; wait')
in_state() { cat /proc/[0-9]*/stat 2>/dev/null | grep -c "(workload) $1 "; }
has() { (($(in_state "$1") == $2)); }
said() { grep -q -F -e "$1" answer.json; }
# Until a program has shown a row with this text.
watch() {
	dtrace++ recipe run load-monitor --format json "$@" >answer.json 2>messages & monitor=$!
}
stop() {
	kill -INT "$monitor"
	wait "$monitor" || fail "load-monitor: $(cat messages)"
}

for _ in {1..3}; do workload burn 600000 & done
watch blocked=20 rest=1h --every 1s
for _ in {1..19}; do workload blocked 600000 & done
until_true has D 19
until_true said '"blocked":19'
equal "below the limit nobody is shown" 0 "$(rows '"threads":' | wc -l)"
workload blocked 600000 & last=$!
until_true said '"state":"D"'
stop
equal "all that are blocked" 20 "$(sum threads '"state":"D"' '"commands":"workload"')"
equal "in one place of the kernel" 1 "$(rows '"state":"D"' '"kernel_clone"' | wc -l)"
equal "the number that was over the limit" 20 "$(values blocked '"state":"D"' | sort -u)"
burning=$(rows '"state":"R"' | sed -nE 's/.*"threads":([0-9]+).*"commands":"workload".*/\1/p; s/.*"commands":"[^"]*workload ([0-9]+).*/\1/p' |
	awk '{ sum += $1 } END { printf "%d", sum }')
equal "all that burn" 3 "$burning"
equal "who started them" "$(rows '"state":"D"' | wc -l)" "$(rows '"state":"D"' ' > workload"' | wc -l)"
over=$(values time '"state":"D"' | sort -u)
equal "one time" 1 "$(wc -l <<<"$over")"
trend=$(grep -v '"threads":' answer.json)
equal "never over the limit before" 0 "$(sed -nE 's/.*"time":([0-9]+).*"blocked":([0-9]+).*/\1 \2/p' <<<"$trend" |
	awk -v over="$over" '$1 + 1e9 < over && $2 >= 20' | wc -l)"
equal "how often" 1 "$(grep -c '; 1 time over the limit$' messages)"

# The load itself: 20 threads in state D alone raise it by 1.6 in 5 seconds.
limit=$(awk '{ printf "%.2f", $1 + 1 }' /proc/loadavg)
watch load="$limit" --plot trend.svg
until_true said '"state":"D"'
stop
load=$(values load '"state":"D"' | sort -u)
equal "the load is over its limit" 1 "$(awk -v load="$load" -v limit="$limit" 'BEGIN { print (load >= limit && load < limit + 3) }')"
equal "more of it is due to D" 1 "$(rows '"state":"D"' | sed -nE 's/.*"load_r":([0-9.]+),"load_d":([0-9.]+).*/\1 \2/p' | awk '{ print ($2 > $1) }')"
equal "the trend is drawn, with its mark" 1 "$(grep -c '<line class="mark"' trend.svg)"

# Without a limit there is only the trend.
dtrace++ recipe run load-monitor --duration 200ms >answer.json 2>messages || fail "$(cat messages)"
equal "trends" "load running blocked" "$(sed -n 's/^# //p' answer.json | xargs)"
equal "nobody" 1 "$(grep -c '; 0 times over the limit$' messages)"
