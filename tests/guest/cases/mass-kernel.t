# Many functions of the kernel in one of its events: entries and returns, with arguments, and what is in use stays.
. "${0%/*}/lib.sh"
requires kprobes
hide_debuginfo

dtrace++ probe --max-probes 500 'vfs_*' >messages 2>/dev/null || fail probe
at_end+=("dtrace++ delete -q 'probe:vfs_*' 2>/dev/null")
added=$(grep -c '^added probe:vfs_' messages)
[ "$added" -gt 30 ] || fail "only $added functions: $(<messages)"
equal "one event of the kernel" 1 "$(grep -o '^p:probe/[^ ]*' $tracing/kprobe_events | sort -u | wc -l)"
equal "each is listed" "$added" "$(dtrace++ list 'probe:*' | grep -c '^k probe:vfs_')"

echo hello >file
dtrace++ record -v -o all.data -a -e 'probe:*' -- cat file 2>messages >/dev/null || fail "record: $(<messages)"
equal "hits are there" 1 "$(dtrace++ script -i all.data | grep -q 'probe:vfs_open: ' && dtrace++ script -i all.data | grep -q 'probe:vfs_read: ' && echo 1)"
equal "every hit is accounted for" "" "$(awk '/^probe:/ && $2 != $3 {print}' messages)"
dtrace++ record -q -o one.data -e probe:vfs_read -- cat file >/dev/null || fail "record one"
equal "one of them alone" probe:vfs_read: "$(dtrace++ script -i one.data | grep -o 'probe:vfs_[a-z]*:' | sort -u)"

dtrace++ record -q -o held.data -a -e probe:vfs_open -- sh -c 'echo $$ >pid; exec sleep 100' & recorder=$!
until_true test -s pid
until_true grep -q 1 $tracing/instances/*/events/probe/dtp_shared_1/enable
dtrace++ delete probe:vfs_read 2>messages
equal "in use are all" "1 error: event 'probe:dtp_shared_1' is in use" "$? $(head -1 messages)"
kill "$(<pid)"; wait $recorder
equal "all go" "$added" "$(dtrace++ delete 'probe:vfs_*' | grep -c '^deleted')"
equal "to the last" "" "$(cat $tracing/kprobe_events)"

dtrace++ trace --max-probes 500 'vfs_*%return ret=$retval:s64' -- cat file >records 2>messages || fail "trace: $(tail -3 messages)"
equal "returns share one, too" 1 "$(grep -q 'probe:vfs_open__return: .* ret=0$' records && echo 1)"
