# Recipes of the group "cpu" that tell who and how, step by step: tracepoints, and the kernel's BTF alone.
. "${0%/*}/lib.sh"
. "${0%/*}/recipes.sh"
requires kprobes
hide_debuginfo

ask slow-syscalls over=9ms -- workload calls 100 100 3
equal "slow calls" 3 "$(rows '"comm":"workload","syscall":"clock_nanosleep"' '"result":"0"' | wc -l)"
equal "where they are made" 3 "$(rows '"stack":[' clock_nanosleep do_syscall_64 | wc -l)"
equal "none that is fast" 0 "$(rows '"syscall":"getppid"' | wc -l)"

ask wakers woken=workload waker=true -- workload start /bin/true 8
within "a child that ends wakes its parent" 7 9 "$(sum times '"waker":"true","woken":"workload"' do_exit)"

ask cpu-time comm=workload -- bash -c 'TIMEFORMAT="%3U %3S"; time workload burn 400 2>/dev/null'
us=$(awk 'NF == 2 && $1 ~ /^[0-9.]+$/ { printf "%d", ($1 + $2) * 1000000 }' messages)
within "as long as the shell says" $((us * 900 - 5 * ms)) $((us * 1100 + 5 * ms)) "$(sum ran '"comm":"workload"')"

ask callers function=hrtimer_nanosleep -- workload calls 5 5 4
equal "calls of a function" 4 "$(values calls '"comm":"workload"' '"hrtimer_nanosleep"' __x64_sys_clock_nanosleep)"
ask callers function=run_calls program="$(command -v workload)" -- bash -c 'for i in 1 2 3; do workload calls 1 1 0; done'
equal "of a program's function" 3 "$(sum calls '"comm":"workload"' '"stack":["run_calls"')"
dtrace++ recipe run --no-govern callers function=no_such_function -- true 2>messages
equal "one that is not there" 2 $?
equal "what it says" "error: there is no function 'no_such_function' in the kernel" "$(head -n 1 messages)"

mkfifo go
bash -c 'read -r go <go; exec workload calls 3 2 2' & thread=$!
ask run-trace thread=$thread -- bash -c "echo >go; while kill -0 $thread; do sleep 0.05; done 2>/dev/null"
equal "its calls" 3 "$(rows '"step":"sys_enter","syscall":"getppid"' | wc -l)"
equal "their results" 2 "$(rows '"step":"sys_exit","syscall":"write","result":"100"' | wc -l)"
steps() { sed -nE 's/.*"step":"([a-z_]*)","syscall":("([a-z0-9_]*)"|null).*"state":("([A-Z])"|null),"to":("([a-z]*)[^"]*"|null).*/\1 \3/p' answer.json; }
equal "a sleep is" "sys_enter clock_nanosleep sched_switch sched_waking sched_switch sys_exit clock_nanosleep" \
	"$(steps | grep -v irq | grep -m 1 -A 4 'sys_enter clock_nanosleep' | xargs)"
equal "how it leaves" 2 "$(grep -A 3 '"step":"sys_enter","syscall":"clock_nanosleep"' answer.json | grep -c '"from":"workload","state":"S"')"
long=$(values since '"step":"sched_waking"' | awk '$1 >= 9000000' | wc -l)
within "times until it is woken" 2 3 "$long"

# A device whose driver is asked for by a kernel thread, which waits until that is over.
printf '#!/bin/bash\nsleep 0.2\n' >helper && chmod +x helper
at_end+=("echo $(</proc/sys/kernel/modprobe) >/proc/sys/kernel/modprobe")
echo "$scratch/helper" >/proc/sys/kernel/modprobe
for i in 1 2 3; do mknod device$i c 240 $i; done
ask workqueue -- bash -c 'for i in 1 2 3; do : <device$i; done 2>/dev/null; true'
equal "what is put off" 3 "$(values times '"function":"call_usermodehelper_exec_work"')"
within "how long it runs" $((600 * ms)) $((3000 * ms)) "$(values total '"function":"call_usermodehelper_exec_work"')"
ask workqueue late=yes -- bash -c 'for i in 1 2 3; do : <device$i; done 2>/dev/null; true'
equal "it waits" 3 "$(values times '"function":"call_usermodehelper_exec_work"')"
within "not as long" 0 $((300 * ms)) "$(values mean '"function":"call_usermodehelper_exec_work"')"

for recipe in irq-stats softirq-stats timer-stats; do
	ask $recipe over=100s -- workload timeouts 4 5
	equal "$recipe: none takes 100 s" 0 "$(rows | wc -l)"
done
