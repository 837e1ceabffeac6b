# Probes and recipes that stay in the kernel with no process: what it counts, and what is made of a ring later.
# also runs on this machine
. "${0%/*}/arm.sh"
. "${0%/*}/lib.sh" # it changes the directory
requires root tracefs
hide_debuginfo # the kernel's BTF is enough, and read at once

has_histograms=no
[ ! -e $tracing/events/sched/sched_process_exit/hist ] || has_histograms=yes
# Counted, by the kernel if it can; the ring gives the same table.
for way in '' --ring; do
	name=counted arm -x "$target" "$hit" --key number --value same=%di:s32 --name counted $way
	case $has_histograms$way in
	yes) expected='the kernel counts' ;;
	yes--ring) expected='a ring of 1024 KiB for each CPU keeps the newest records (so it was asked for)' ;;
	no) expected='a ring of 1024 KiB for each CPU keeps the newest records (this kernel has no histograms)' ;;
	no--ring) expected='a ring of 1024 KiB for each CPU keeps the newest records (so it was asked for)' ;;
	esac
	equal "the way" 1 "$(grep -cF ": $expected" messages)"
	"$target" calls 4
	"$target" calls 3
	equal "so far" 7 "$(hits counted)"
	collect counted --keep
	equal "each twice" 3 "$(grep -c '"hits":2,' answer.json)"
	equal "and the last" 1 "$(count answer.json '{"number":3,"hits":1,"sum_same":3,"mean_same":3}')"
	collect counted --top 1
	equal "one row" "$([ "$expected" = 'the kernel counts' ] && echo 1 || echo 0)" "$(grep -c number answer.json)"
	is_gone_from counted || fail "it is still there"
done

# Names of commands.
name=by_comm arm -x "$target" hit --key comm --name by-comm
"$target" calls 6
collect by-comm
equal "by command" '{"comm":"probe-target","hits":6}' "$(<answer.json)"

# A recipe that pairs records: it is made of the ring.
name=syscalls arm sys-cost 'comm=workload' --name syscalls --ring-size 4M
workload calls 50 20 2
collect syscalls
equal "so many calls" 1 "$(count answer.json '"syscall":"getppid","calls":50,"errors":0,')"
equal "and sleeps" 1 "$(count answer.json '"syscall":"clock_nanosleep","calls":2,"errors":0,')"

if [ -e $tracing/kprobe_events ]; then
	# Functions of the kernel, and recipes of them: one that the kernel counts where nothing has to be left out.
	ip link set lo up
	name=sends arm tcp_sendmsg --key 'comm,dest=sk->__sk_common.skc_daddr' --value size --name sends
	equal "counted" 1 "$(grep -c ': the kernel counts$' messages)"
	name=files arm files-read "file=$PWD/*" --name files --ring-size 4M
	echo 12345678 >read.me
	workload send 127.0.0.1 9001 101 4 100 5
	workload read "$PWD/read.me" 5 7
	collect sends
	equal "to whom" '{"comm":"workload","dest":"127.0.0.1","hits":9,"sum_size":904,"mean_size":100}' "$(grep workload answer.json)"
	collect files
	equal "which file" 1 "$(count answer.json '"comm":"workload"' "/read.me\",\"reads\":7,\"asked\":35}")"
fi
rmdir $leases 2>/dev/null
true
