# Helpers of the *.t scripts. Sourcing it remembers tracefs as it is; at the end of the script it must be so again.
set -u
tracing=/sys/kernel/tracing

# The address that question 3 asks for; on no interface of a Debian machine unless the test puts it there.
address=172.31.28.139

debuginfo=/usr/lib/debug/boot/vmlinux-$(uname -r)

skip() { echo "$*"; trap - EXIT; exit 77; }
fail() { echo "FAILED: $*" >&2; exit 1; }

requires() {
	local what
	for what; do
		case $what in
		root) ((EUID == 0)) || skip "not root" ;;
		tracefs) [ -e $tracing/uprobe_events ] || mount -t tracefs tracefs $tracing 2>/dev/null || skip "no tracefs with uprobes" ;;
		kprobes) [ -e $tracing/kprobe_events ] || skip "this kernel has no kprobes" ;;
		debuginfo) [ -e "$debuginfo" ] || skip "no debug information of this kernel" ;;
		perf) command -v perf >/dev/null || skip "perf is not installed" ;;
		*) fail "unknown requirement $what" ;;
		esac
	done
}

# equal WHAT EXPECTED SEEN
equal() {
	[ "$2" = "$3" ] && { echo "ok: $1: $2"; return; }
	fail "$1"$'\n'"  expected: $2"$'\n'"  seen:     $3"
}

# unchanged WHAT BEFORE NOW: of several lines, shown only where they differ
unchanged() {
	[ "$2" = "$3" ] && { echo "ok: $1"; return; }
	fail "$1"$'\n'"$(diff <(echo "$2") <(echo "$3"))"
}

# until_true COMMAND...: waits until the command succeeds; the test's own time limit ends a wait that is in vain.
until_true() { until "$@" 2>/dev/null; do sleep 0.05; done; }

is_gone() { ! kill -0 "$1"; }

# What exists in tracefs: dynamic events, groups of events, instances.
tracefs_state() {
	cat $tracing/kprobe_events $tracing/uprobe_events $tracing/dynamic_events 2>/dev/null
	ls $tracing/events $tracing/instances
}

# Number of lines of FILE that have every TEXT.
count() { # FILE TEXT...
	local file=$1 text lines; shift
	lines=$(<"$file")
	for text; do lines=$(grep -F -e "$text" <<<"$lines"); done
	grep -c . <<<"$lines"
}

# From here on dtrace++ has the kernel's BTF only.
hide_debuginfo() { [ ! -e "$debuginfo" ] || mv "$debuginfo" "$debuginfo.hidden"; }

# Commands to run at the end of the script, however it ends.
at_end=()

finish() {
	local status=$? command
	for command in "${at_end[@]}"; do eval "$command"; done
	[ ! -e "$debuginfo.hidden" ] || mv "$debuginfo.hidden" "$debuginfo"
	[ "$status" = 0 ] && unchanged "tracefs is as it was" "$state_before" "$(tracefs_state)"
	cd / && rm -rf "$scratch"
	exit "$status"
}

requires root tracefs
state_before=$(tracefs_state)
scratch=$(mktemp -d) && cd "$scratch" || exit 1
trap finish EXIT
