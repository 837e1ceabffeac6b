# The command's exit status is ours, its children are followed, its processes end with it.
. "${0%/*}/lib.sh"
requires kprobes

dtrace++ probe 'vfs_read count' || fail probe
dtrace++ record -q -e probe:vfs_read -o data -- bash -c 'workload read /etc/hosts 11 5; exit 9'
equal "the command's status" 9 $?
equal "a child's reads" 5 "$(dtrace++ script -i data | grep -E '^ *workload ' | grep -cE 'count=(11|0xb)\b')"

dtrace++ record -q -e probe:vfs_read -o data -- no-such-command 2>messages
equal "no such command" 1 "$(($? != 0))"
dtrace++ delete probe:vfs_read || fail delete
