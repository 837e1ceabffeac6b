# Of 1,000 functions picked at random, each with all its parameters, the kernel takes every probe that we do not refuse.
# The kernel is asked itself: what it does not take is an error of the test. DTP_SEED picks others.
. "${0%/*}/lib.sh"
requires kprobes debuginfo

count=1000
seed=$(cat /lab/seed 2>/dev/null || echo 1)
awk -v seed="$seed" -v count=$count '
	tolower($2) == "t" && NF == 3 && $3 !~ /^__(pfx|cfi)_/ && !seen[$3]++ { names[n++] = $3 }
	END {
		srand(seed)
		for (i = 0; i < count; ++i) { j = i + int(rand() * (n - i)); name = names[j]; names[j] = names[i]; print name }
	}' /proc/kallsyms >functions

probes=()
while read -r function; do probes+=(-a "random_params:e$((${#probes[@]} / 2))=$function \$params"); done <functions
equal "functions" $count $((${#probes[@]} / 2))
at_end+=('dtrace++ delete -q "random_params:*"')
at_end+=('echo 0 >/sys/kernel/rcu_expedited')
echo 1 >/sys/kernel/rcu_expedited # each removal waits for a grace period
dtrace++ probe --separate --keep-going "${probes[@]}" >added 2>messages

equal "refused by the kernel" "" "$(grep -A3 '^error: the kernel refuses' messages)"
added=$(grep -c '^added ' added) refused=$(grep -c '^error: ' messages)
echo "seed $seed: $added added, $refused refused by us:"
grep '^error: ' messages | sed -E "s/'[^']*'/X/g" | sort | uniq -c
grep -A9 '^warning: ' messages
equal "each is one or the other" $count $((added + refused))
((added > count / 2)) || fail "too few"
[ -s messages ] && cp messages "$LAB_OUT"
equal "events" "$added" "$(ls -d $tracing/events/random_params/*/ | wc -l)"
dtrace++ delete 'random_params:*' >deleted
equal "deleted" "$added" "$(grep -c '^deleted ' deleted)"
