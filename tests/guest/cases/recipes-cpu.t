# Recipes of the group "cpu": tracepoints, and the kernel's BTF alone.
. "${0%/*}/lib.sh"
. "${0%/*}/recipes.sh"
requires kprobes
hide_debuginfo
workload calls 1 1 1 # from here on it is in memory

ask sys-cost comm=workload -- workload calls 1000 500 3
equal "getppid" 1000 "$(values calls '"syscall":"getppid","calls":1000,"errors":0')"
equal "write" 500 "$(values calls '"syscall":"write"')"
equal "sleeps" 3 "$(values calls '"syscall":"clock_nanosleep"')"
within "time asleep" $((30 * ms)) $((300 * ms)) "$(values total clock_nanosleep)"
equal "what fails" 1 "$(values errors '"syscall":"access"')"
ask sys-cost comm=workload over=9ms -- workload calls 1000 500 3
equal "slow ones" 3 "$(values calls '"syscall":"clock_nanosleep"')"

ask off-cpu comm=workload over=10ms -- workload sleep 30 5
equal "times asleep" 5 "$(values times '"state":"S"' '"do_nanosleep"')"
within "asleep for" $((150 * ms)) $((600 * ms)) "$(values total do_nanosleep)"
ask off-cpu comm=workload over=50ms -- workload blocked 100
equal "blocked" 1 "$(values times '"state":"D"' clone)"
dtrace++ recipe run --no-govern off-cpu -p $$ 2>messages
equal "not of one process" 2 $?
equal "what it says" "error: 'off-cpu' watches the whole machine: what happens to a process is done by others
hint: its parameters choose: over=, comm=, thread=" "$(<messages)"

ask run-queue comm=workload -- workload sleep 10 20
within "woken" 20 22 "$(sum waits)"
workload burn 60000 & burner=$!
ask run-queue thread=$burner -- workload burn 50
equal "who never sleeps is not woken" 0 "$(sum waits)"
kill $burner; wait $burner 2>/dev/null

cat >network.sh <<'END'
cat /proc/softirqs >/dev/shm/before
workload send 127.0.0.1 9001 1000 100
cat /proc/softirqs >/dev/shm/after
END
ip link set lo up
ask softirq-stats -a -- bash network.sh
counted() { awk '/NET_RX/ { print $2 + $3 }' /dev/shm/$1; }
equal "as the kernel counts" $(($(counted after) - $(counted before))) "$(sum times '"kind":"NET_RX"')"

pieces=/dtp_pieces # /tmp is no disk
at_end+=("rm -f $pieces")
dd if=/dev/zero of=$pieces bs=4096 count=40 conv=fsync status=none
cat >disk.sh <<END
cat /proc/interrupts >/dev/shm/before
workload direct $pieces 4096 40
cat /proc/interrupts >/dev/shm/after
END
ask irq-stats -a -- bash disk.sh
counted() { awk '/nvme/ { sum += $2 + $3 } END { print sum }' /dev/shm/$1; }
interrupts=$(($(counted after) - $(counted before)))
within "of the disk" 40 80 "$interrupts"
within "as the kernel counts" "$interrupts" $((interrupts + 20)) "$(sum times '"name":"nvme')"
equal "unhandled" 0 "$(sum unhandled '"name":"nvme')"

ask timer-stats -a -- workload timeouts 4 50
within "timeouts" 50 90 "$(values times '"function":"process_timeout"')"

# What is written to a serial console is written with interrupts off.
read -r level _ </proc/sys/kernel/printk
at_end+=("dmesg -n $level")
ask irq-delay over=300us -- bash -c 'dmesg -n 8; echo t >/proc/sysrq-trigger'
delays=$(rows '"comm":"bash"' | grep -cE 'vprintk_emit')
((delays >= 3)) || fail "nobody delays: $(cat messages answer.json)"
echo "ok: who delays"

group=/sys/fs/cgroup/dtp_quota
[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup || fail "no control groups"
echo +cpu >/sys/fs/cgroup/cgroup.subtree_control
mkdir $group
at_end+=("rmdir $group")
echo 20000 100000 >$group/cpu.max
ask cpu-throttle -- bash -c "echo \$\$ >$group/cgroup.procs; exec workload burn 450"
throttled=$(awk '/nr_throttled/ { print $2 }' $group/cpu.stat)
within "held up" 2 20 "$throttled"
within "as the kernel counts" $((throttled - 1)) $((throttled + 1)) "$(sum times)"
us=$(awk '/throttled_usec/ { print $2 }' $group/cpu.stat)
within "as long as the kernel says" $((us * 800)) $((us * 1200)) "$(sum total)"
