# Probes of the kernel in the list, ours and others', in the words of the source.
. "${0%/*}/lib.sh"
requires kprobes debuginfo

at_end+=('for event in theirs/inside theirs/back ours/ours; do echo "-:list_$event" >>$tracing/kprobe_events; done 2>/dev/null')
line=$(dtrace++ probe -D 'vfs_read:8' | cut -d' ' -f2)
image=$(awk '$3 == "_text" { print $1 }' /proc/kallsyms)
entry=$(awk '$3 == "vfs_write" { print $1 }' /proc/kallsyms)
echo "p:list_theirs/inside $line" >>$tracing/kprobe_events
echo "r:list_theirs/back _text+$((0x$entry - 0x$image)) v=\$retval" >>$tracing/kprobe_events
dtrace++ probe -q 'list_ours:ours=vfs_read count' || fail probe
equal "a line" 'k list_theirs:inside   (on vfs_read:8@fs/read_write.c)' "$(dtrace++ list list_theirs:inside)"
equal "a return, from the image's start" 'k list_theirs:back     (on vfs_write%return@fs/read_write.c with v=$retval)' \
	"$(dtrace++ list list_theirs:back)"
equal "an entry" 'k list_ours:ours       (on vfs_read@fs/read_write.c with count=%dx:x64)' "$(dtrace++ list list_ours:ours | head -1)"
equal "as JSON" '"function":"vfs_read","line":8,"file":"fs/read_write.c"' \
	"$(dtrace++ list --format json list_theirs:inside | grep -o '"function.*"fs/read_write.c"')"
hide_debuginfo
equal "without debug information" "k list_theirs:inside   (on $line)" "$(dtrace++ list list_theirs:inside)"
equal "the entry" 'k list_ours:ours       (on vfs_read with count=%dx:x64)' "$(dtrace++ list list_ours:ours | head -1)"
