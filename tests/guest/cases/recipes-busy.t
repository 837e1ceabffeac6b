# Under high load: 10000 processes, more that want to run than there are CPUs, and a storm of system calls.
. "${0%/*}/lib.sh"
. "${0%/*}/recipes.sh"

at_end+=('kill $(jobs -p) 2>/dev/null; wait')
echo 40000 >/proc/sys/kernel/threads-max
workload many 10000 >many &
until_true grep -q '^10000 are there$' many
for _ in 1 2 3 4; do workload burn 600000 & done
for _ in 1 2 3 4 5; do workload blocked 600000 & done
bash -c 'while :; do workload calls 20000 0 0; done' &

not_lost() { equal "of $1 nothing is lost" "0 lost" "$(sed -nE 's/.* records? in [0-9.]+ s, //p' messages)"; }

cp "$(command -v workload)" counted
ask sys-cost -a comm=counted -- ./counted calls 30000 200 0
equal "system calls" "30000 200" "$(values calls '"comm":"counted","syscall":"getppid"') $(values calls '"comm":"counted","syscall":"write"')"
equal "none of them fails" 0 "$(values errors '"comm":"counted","syscall":"getppid"')"
not_lost sys-cost

ask cpu-profile --duration 3s --top 100000
# No CPU is idle. An emulated one has fewer ticks than it should.
all=$(sed -nE 's/^([0-9]+) records in .*/\1/p' messages)
within "samples of all CPUs" $((99 * 3 * $(nproc) / 4)) $((99 * 3 * $(nproc) * 5)) "$all"
within "all of them are of who runs" $((all * 9 / 10)) "$all" "$(sum samples)"
within "most are the workload's" $((all / 2)) "$all" "$(sum samples '"comm":"workload"')"
not_lost cpu-profile

dtrace++ recipe run load-monitor blocked=5 running=4 rest=1h --format json >answer.json 2>messages & monitor=$!
until_true grep -q '"state":"D"' answer.json
kill -INT "$monitor"
wait "$monitor" || fail "load-monitor: $(cat messages)"
equal "all that are blocked" 5 "$(sum threads '"state":"D"' '"commands":"workload"' '"kernel_clone"')"
within "all that want to run" 4 40 "$(sum threads '"state":"R"')"
within "as the kernel counts them" 4 40 "$(values running '"state":"D"' | sort -u)"
