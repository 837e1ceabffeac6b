# A function that exists only inlined, and a variable of it that is in another place there: debug information knows.
. "${0%/*}/lib.sh"
requires kprobes debuginfo

echo text >alpha.txt
inode=$(stat -c %i alpha.txt)
dtrace++ trace --format json 'acl_permission_check ino=inode->i_ino:u64 mask=mask:u32' -- workload read alpha.txt 5 1 >answer.json 2>messages ||
	fail "$(cat messages)"
may_read_and_open=36
equal "asked for alpha.txt" 1 "$(count answer.json '"comm":"workload"' "\"ino\":$inode,\"mask\":$may_read_and_open")"

hide_debuginfo
dtrace++ probe -D acl_permission_check 2>messages && fail "found without debug information"
grep -q '^error: ' messages || fail "no error message"
cat messages
