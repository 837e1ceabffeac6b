# Recipes of the group "processes", by the kernel's BTF alone.
. "${0%/*}/lib.sh"
. "${0%/*}/recipes.sh"
requires kprobes
hide_debuginfo

cat >ends.sh <<'END'
workload end 3; workload end 0; workload end abort; workload end fault; workload end kill
workload end 7 &
wait
END
ask exit comm=workload -- bash ends.sh
equal "ends" 6 "$(rows '"comm":"workload"' | wc -l)"
for status in 3 0 7; do
	equal "status $status" 1 "$(rows "\"status\":$status,\"signal\":null,\"core\":0" __x64_sys_exit_group | wc -l)"
done
for signal in ABRT SEGV KILL; do
	equal "killed by $signal" 1 "$(rows '"status":0' "\"signal\":\"SIG$signal\"" get_signal | wc -l)"
done
equal "who started them" 6 "$(rows 'dtrace++ > bash > workload"' | wc -l)"
ask exit comm=workload all=no -- bash ends.sh
equal "those that fail" 5 "$(rows | wc -l)"

cat >starts.sh <<'END'
workload start /bin/true 3
workload start /no/such/program 2
/bin/echo one 'two three' 4 5 6 7 8 >/dev/null
END
ask exec -- bash starts.sh
if grep -q ' e\[:' $tracing/README; then
	equal "started" 3 "$(rows '"result":"0","command":"/bin/true","chain":"' 'bash > workload > workload"' | wc -l)"
	equal "not there" 2 "$(rows '"result":"ENOENT","command":"/no/such/program"' | wc -l)"
	equal "arguments" '"/bin/echo one two three 4 5 6 7"' "$(values command '"/bin/echo ')"
	starter=$(values pid 'workload start /bin/true 3"')
	equal "the parent" 3 "$(rows "\"ppid\":${starter:-none}," /bin/true | wc -l)"
	ask exec failed=yes -- bash starts.sh
	equal "only what failed" 0 "$(rows '"result":"0"' | wc -l)"
	equal "both of them" 2 "$(rows /no/such/program | wc -l)"
else
	equal "started" 3 "$(rows '"result":"0","command":"/bin/true"' | wc -l)"
fi

ask forks -- bash -c 'workload start /bin/true 20; workload hold 10; true'
equal "processes" 20 "$(values forks '"comm":"workload"' '"threads":0')"
equal "threads" 2 "$(values forks '"comm":"workload"' '"threads":2')"

cat >kills.sh <<'END'
sleep 100 & killed=$!
kill -TERM $killed; wait $killed
sleep 100 & killed=$!
kill -KILL $killed; wait $killed
true
END
ask signals -a -- bash kills.sh
equal "killed" 1 "$(rows '"comm":"bash","signal":"SIGKILL"' '"result":"delivered"' | wc -l)"
killed=$(values 'to pid' '"signal":"SIGKILL"')
equal "its parent is told" 1 "$(rows "\"pid\":$killed," '"signal":"SIGCHLD"' '"to":"bash"' | wc -l)"
ask signals signal=15 -- bash kills.sh
equal "only that signal" '"SIGTERM"' "$(values signal)"

ask capabilities comm=nice -- bash -c 'nice -n -5 true; setpriv --reuid 65534 --clear-groups nice -n -5 true; true'
equal "asked" 2 "$(values asked '"capability":"SYS_NICE"')"
equal "refused" 1 "$(values refused '"capability":"SYS_NICE"')"

ask syscall-errors comm=bash -- bash -c 'for i in 1 2 3 4 5; do kill -0 4194300; done; true'
equal "no such process" 5 "$(values times '"syscall":"kill","error":"ESRCH"')"
equal "nothing that succeeds" 0 "$(rows '"error":"0"' | wc -l)"

ask reboot -- bash -c 'workload reboot 0x4321fedc; workload reboot 0x1234567; true'
for request in "power off" restart; do
	equal "$request" '"workload"' "$(values comm "\"request\":\"$request\"" 'bash > workload"')"
done
