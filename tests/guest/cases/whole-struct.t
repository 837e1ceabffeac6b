# A whole struct of the kernel: its members are what they are when asked for one by one, and the largest ones fit.
. "${0%/*}/lib.sh"
requires kprobes

dtrace++ trace --format json 'vfs_read *file dentry=file->f_path.dentry mode=file->f_mode position=file->f_pos' -- \
	cat /etc/hosts >answer.json 2>messages || fail "$(<messages)"
value() { sed -nE "s/.*\"$1\":\"?(-?[0-9a-fx]+).*/\1/p" answer.json; }
[ -n "$(value dentry)" ] || fail "no records: $(<messages)"
equal "a pointer in a struct within it" "$(value dentry)" "$(value file_f_path_dentry)"
equal "a number" "$(value mode)" "$(value file_f_mode)"
equal "one with a sign" "$(value position)" "$(value file_f_pos)"

for probe in 'tcp_sendmsg *sk size' 'wake_up_new_task *p' 'vfs_read *file->f_inode *file->f_inode->i_sb'; do
	dtrace++ probe "whole_struct:it=$probe" 2>messages >/dev/null || fail "$probe: $(<messages)"
	grep -q 'the kernel does not take all of this struct' messages || fail "$probe: all of it fits: $(<messages)"
	echo "ok: $probe: $(grep -c . <<<"$(grep whole_struct $tracing/kprobe_events | tr ' ' '\n' | grep =)") fields"
	dtrace++ delete -q 'whole_struct:*' || fail "delete"
done
