# Recipes of the group "locks", by the kernel's BTF alone.
. "${0%/*}/lib.sh"
. "${0%/*}/recipes.sh"
requires kprobes
hide_debuginfo

# The one who writes into the pipe has its mutex for 300 ms, the one who reads waits for it from 20 ms on.
ask mutex-monitor over=50ms comm=workload -- workload hold 300
equal "who holds it" 1 "$(rows pipe_write | wc -l)"
equal "who waits for it does not" 0 "$(rows pipe_read | wc -l)"
within "for how long" $((300 * ms)) $((600 * ms)) "$(values held pipe_write)"
equal "where it is given back" '["mutex_unlock"' "$(values stack pipe_write | grep -o '^\["mutex_unlock"')"
[[ $(values mutex pipe_write) =~ ^\"0xff[0-9a-f]{14}\"$ ]] || fail "the mutex: $(cat answer.json)"

ask lock-wait over=50ms -- workload hold 300
equal "who waits" 1 "$(values waits '"kind":"mutex","comm":"workload"' pipe_read)"
within "for how long" $((200 * ms)) $((600 * ms)) "$(values total pipe_read)"
equal "nothing else" 1 "$(rows | wc -l)"

ask futex-wait over=50ms -- bash -c 'workload contend 150 >place'
equal "one wait" 1 "$(values waits '"comm":"workload"')"
equal "for the program's mutex" "\"$(<place)\"" "$(values futex)"
within "for how long" $((140 * ms)) $((450 * ms)) "$(values total)"
ask futex-wait comm=nobody -- bash -c "workload contend 10 >place"
equal "of other commands" 0 "$(rows | wc -l)"

# The file is held for writing while what is written is not there yet.
folder=$(mktemp -d -p /var/tmp) && at_end+=("rm -rf $folder")
ask rwsem-monitor over=100ms -- workload hold 300 $folder/held
equal "who holds it" 1 "$(rows '"comm":"workload"' '["up_write"' vfs_write | wc -l)"
within "for how long" $((300 * ms)) $((600 * ms)) "$(values held vfs_write)"
equal "nothing else" 1 "$(rows | wc -l)"
