# What the kernel's own tests call good fetch-args is taken by it, and what only the kernel can refuse is said in the
# user's words.
. "${0%/*}/lib.sh"
requires kprobes

before=$(<$tracing/kprobe_events)
good=('$stack' '$stack0' '+0($stack)' %di @jiffies @jiffies+10 @jiffies-10 '$comm' '+0(%di)' '-0(%di)' '+10($stack)'
	'+10(@jiffies-10)' '+0(+10(+20($stack)))' n=%di %di:x16 '$comm:string' '+0($stack):string' %di:b4@4/16)
for argument in "${good[@]}"; do
	dtrace++ probe -q "fetch:one=vfs_read $argument" || fail "refused: $argument"
	dtrace++ delete -q fetch:one || fail "not removed: $argument"
done
echo "ok: ${#good[@]} arguments"

# refused REQUEST: by the kernel, under the user's own text, and nothing stays
refused() {
	dtrace++ probe -q "$1" 2>messages
	equal "$1" 1 "$(($? != 0))"
	cat messages
	grep -q '^error: ' messages || fail "no error"
	grep -q '^ *\^' messages || fail "no caret"
}
refused 'fetch:bad=vfs_read @no_such_symbol_anywhere'
refused 'fetch:bad=do_int3'
unchanged "probes" "$before" "$(<$tracing/kprobe_events)"
