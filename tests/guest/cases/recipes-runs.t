# Runs of a thread from one point to another: of those that take long every step, of the others nothing.
. "${0%/*}/lib.sh"
. "${0%/*}/recipes.sh"
requires kprobes
hide_debuginfo

# 2 sleeps of 10 ms, then 30, then 2: the second run alone takes longer than 200 ms.
three='workload calls 3 2 2; workload calls 5 4 30; workload calls 3 2 2'
ask run-trace-over program="$(command -v workload)" from=run_calls to=run_calls%return over=200ms comm=workload -- bash -c "$three"
equal "runs" "3 runs, 1 shown, 0 without an end" "$(grep ' runs, ' messages)"
equal "of one thread" 1 "$(values thread | sort -u | wc -l)"
equal "its first and its last step" "run_calls run_calls__return" "$(values step | sed -n '1p;$p' | tr -d '"' | xargs)"
equal "its calls" 5 "$(rows '"step":"sys_enter","syscall":"getppid"' | wc -l)"
equal "their results" 4 "$(rows '"step":"sys_exit","syscall":"write","result":"100"' | wc -l)"
equal "its sleeps" 30 "$(rows '"step":"sys_enter","syscall":"clock_nanosleep"' | wc -l)"
equal "how it leaves its CPU for them" 30 "$(rows '"step":"sched_switch"' '"from":"workload","state":"S"' '"do_nanosleep"' | wc -l)"
within "when it is woken" 30 31 "$(rows '"step":"sched_waking"' | wc -l)"
equal "when it is back" "$(rows '"step":"sched_switch"' '"from":"workload"' | wc -l)" "$(rows '"step":"sched_switch"' '"to":"workload"' | wc -l)"
equal "stacks are its own" 0 "$(rows '"to":"workload"' '"stack":[' | wc -l)"
run=$(values run | sort -u)
equal "the times between the steps are all of its time" "$run" "$(sum since)"
within "its time" $((300 * ms)) $((3000 * ms)) "$run"

# A function of the kernel, which has steps only while it runs.
ask run-trace-over from=hrtimer_nanosleep to=hrtimer_nanosleep%return over=250ms -- bash -c 'for ms in 10 300 10; do workload sleep $ms 1; done'
equal "one call of a function" 1 "$(values thread | sort -u | wc -l)"
equal "it sleeps in it" "hrtimer_nanosleep sched_switch sched_waking sched_switch hrtimer_nanosleep__return" \
	"$(values step | grep -v 'irq\|hrtimer_expire' | tr -d '"' | xargs)"

# A system call.
ask run-trace-over from=raw_syscalls:sys_enter to=raw_syscalls:sys_exit over=250ms comm=workload -- workload sleep 300 2
equal "both slow calls" 2 "$(rows '"step":"sys_enter","syscall":"clock_nanosleep"' | wc -l)"
equal "no others" 0 "$(rows '"step":"sys_enter"' | grep -vc clock_nanosleep)"

dtrace++ recipe run --no-govern run-trace-over from='no_such_function a=' to=vfs_read -- true 2>messages
equal "a point that is wrong" 2 $?
