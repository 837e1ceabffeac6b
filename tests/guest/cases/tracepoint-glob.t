# A glob of tracepoints: each is an event of its own, and fields are taken where they are.
# also runs on this machine
. "${0%/*}/lib.sh"
[ -e $tracing/events/syscalls/sys_enter_openat ] || skip "no tracepoints of system calls"

dtrace++ trace --format json 'syscalls:sys_e*_openat' -- cat /etc/hostname >all.json 2>messages || fail "$(cat messages)"
((enters = $(count all.json '"event":"syscalls:sys_enter_openat","comm"'))) || fail "no entry"
((exits = $(count all.json '"event":"syscalls:sys_exit_openat","comm"'))) || fail "no exit"
equal "as many exits" "$enters" "$exits"

dtrace++ trace --format json 'syscalls:sys_e*_openat ret' -- cat /etc/hostname >some.json 2>messages || fail "$(cat messages)"
equal "only where the field is" "$exits" "$(count some.json '"event":"syscalls:sys_exit_openat","comm"' '"ret":')"
equal "none elsewhere" 0 "$(count some.json '"event":"syscalls:sys_enter_openat","comm"')"
equal "says so" "warning: 1 of 2 places are left out
  syscalls.sys_enter_openat  'syscalls:sys_enter_openat' has no field 'ret'" "$(head -2 messages)"

dtrace++ trace 'syscalls:nothing_*' -- true 2>messages
equal "status" 2 $?
equal "none" "error: no tracepoint matches 'syscalls:nothing_*'
  probe point: syscalls:nothing_*
                        ^^^^^^^^^" "$(<messages)"
