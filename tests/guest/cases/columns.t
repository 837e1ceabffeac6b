# also runs on this machine
# What the kernel's parser refuses we refuse first, and our caret is where the kernel's error_log has its own. The two show
# different lines: compared is the text from the caret to the end of the line.
. "${0%/*}/lib.sh"
requires root tracefs

program=$(command -v workload || command -v dtrace++)
group=columns_$$

# kernel_column ARGUMENT: writes it as it is, prints what is behind the kernel's caret.
kernel_column() {
	local line="p:$group/e $program:0x1000 $1" shown caret
	echo "$line" >>$tracing/uprobe_events 2>/dev/null && fail "the kernel takes '$1'"
	shown=$(grep -F -x -A1 "  Command: $line" $tracing/error_log | tail -n 2)
	[ -n "$shown" ] || fail "error_log has nothing of '$1'"
	caret=${shown##*$'\n'}
	shown=${shown%%$'\n'*}
	echo "${shown:${#caret} - 1}"
}

# our_column ARGUMENT: the same of our own message.
our_column() {
	local shown caret
	dtrace++ probe -x "$program" -D "0x1000 $1" 2>messages >/dev/null && fail "dtrace++ takes '$1'"
	shown=$(sed -n '/^  argument 1: /{p;n;p;q}' messages)
	[ -n "$shown" ] || fail "no caret for '$1': $(cat messages)"
	caret=${shown##*$'\n'}
	caret=${caret%%^*}
	shown=${shown%%$'\n'*}
	echo "${shown:${#caret}}"
}

while read -r argument; do
	theirs=$(kernel_column "$argument") || exit 1
	ours=$(our_column "$argument") || exit 1
	equal "column of $argument" "$theirs" "$ours"
done <<'END'
$none_var
$stackp
%nosuch
@symbol
+0($comm)
+0(@+16):u8[10
+0(@+16):u8[10]a
+0(@+16):u8[10a]
+0(@+16):u8[256]
$stack0:string
+10($comm):u8
+10(%di
@11:unknown_type
%di:unknown_type
%di:b9@60/64
1x=%di
a-b=%di
=%di
END
