# Helpers of the tests of what is armed, beside lib.sh.
target=$(command -v probe-target)
hit='hit number=%di:s32 text=+0(%si):string'
leases=/run/dtracepp/armed

arm() { dtrace++ arm "$@" 2>messages >&2 || fail "arm $*: $(<messages)"; at_end+=("dtrace++ collect -q --discard ${name:-x} 2>/dev/null"); }
collect() { dtrace++ collect "$@" --format json >answer.json 2>messages || fail "collect $*: $(<messages)"; }
hits() { dtrace++ armed --format json | sed -nE "s/.*\"name\":\"$1\",.*\"hits\":([0-9]+).*/\1/p"; }
is_gone_from() { [ ! -e $leases/$1 ] && [ ! -e $tracing/instances/dtp_armed_$1 ] && ! grep -q dtp_armed_$1 $tracing/uprobe_events; }
refused() { # STATUS ERROR COMMAND...
	local status=$1 error=$2
	shift 2
	dtrace++ "$@" >out 2>messages
	equal "refused: $*" "$status" $?
	equal "why" "$error" "$(sed -n 's/^error: //p' messages | head -1)"
}
