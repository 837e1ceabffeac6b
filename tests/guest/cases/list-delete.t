# list and delete: ours by pattern, anybody's by name, nothing by mistake.
# also runs on this machine
. "${0%/*}/lib.sh"

echo 'p:list_theirs/one /bin/sh:0x1000' >>$tracing/uprobe_events
echo 'r:list_theirs/two /bin/sh:0x1000 v=$retval:s32' >>$tracing/uprobe_events
at_end+=('for event in theirs/one theirs/two ours/line ours/line_1; do echo "-:list_$event" >>$tracing/uprobe_events; done 2>/dev/null')

dtrace++ probe -q -x /bin/bash 'list_ours:line=readline+0 first=%di' || fail probe

equal "list" "u list_ours:line" "$(dtrace++ list 'list_*:*' | head -1 | cut -d' ' -f1-2)"
equal "the request" '    asked for: list_ours:line=readline+0 first=%di' "$(dtrace++ list 'list_ours:*' | tail -1)"
equal "in words of its source" 'u list_ours:line       (on readline in /usr/bin/bash with first=%di)' \
	"$(dtrace++ list 'list_ours:*' | head -1)"
equal "theirs" 'u list_theirs:two      (on /bin/sh:0x1000%return with v=$retval:s32)' "$(dtrace++ list list_theirs:two)"
equal "as JSON" '{"group":"list_theirs","event":"two","kind":"uprobe","standing":"foreign","points":[{"place":"/bin/sh:0x0000000000001000","return":true,"arguments":[{"name":"v","fetch":"$retval","type":"s32"}]}]}' \
	"$(dtrace++ list --format json list_theirs:two)"

dtrace++ probe -x /bin/bash 'list_ours:line=readline' 2>messages
equal "the same name again" 1 $?
equal "says so" "error: event 'list_ours:line' already exists" "$(head -1 messages)"
dtrace++ probe -q -f -x /bin/bash 'list_ours:line=readline' || fail "probe -f"
equal "with -f" 1 "$(dtrace++ list list_ours:line_1 | grep -c '^u list_ours:line_1 ')"

dtrace++ delete list_ours:lime 2>messages
equal "a slip" 1 $?
equal "is suggested" "hint: did you mean 'list_ours:line' or 'list_ours:line_1'?" "$(tail -1 messages)"
dtrace++ delete list_ours:line nothing:here 2>messages
equal "one of two is missing" 1 $?
equal "then both stay" 1 "$(dtrace++ list list_ours:line | grep -c '^u')"

echo 1 >$tracing/events/list_ours/line/enable
dtrace++ delete list_ours:line 2>messages
equal "one in use" "1 error: event 'list_ours:line' is in use" "$? $(head -1 messages)"
echo 0 >$tracing/events/list_ours/line/enable

equal "a pattern" $'deleted list_ours:line\ndeleted list_ours:line_1' "$(dtrace++ delete 'list_*:*' 2>messages | sort)"
equal "spares theirs" 2 "$(grep -c '^kept list_theirs:' messages)"
equal "a name does not" 'deleted list_theirs:one' "$(dtrace++ delete list_theirs:one)"
equal "nothing named" 2 "$(dtrace++ delete 2>/dev/null; echo $?)"
