# The recipes of the group "memory", against what a program is known to do.
modprobe null_blk nr_devices=0 2>/dev/null # before tracefs is remembered: it brings events
. "${0%/*}/lib.sh"
requires kprobes
[ ! -e "$debuginfo" ] || hide_debuginfo

# ask RECIPE ...: the answer in answer.json
ask() { dtrace++ recipe run --no-govern -q --format json "$@" >answer.json 2>messages || fail "$* $(cat messages answer.json)"; }
sum() { grep -o "\"$1\":[0-9]*" answer.json | awk -F: '{ sum += $2 } END { print sum + 0 }'; } # of a column
# about WHAT LEAST MOST SEEN
about() { (($4 >= $2 && $4 <= $3)) && echo "ok: $1: $4" || fail "$1: $4 is not from $2 to $3"; }

# More than what is touched is taken for page tables and to start the program.
ask alloc-top comm=workload -- workload pages 1000
equal "one process" 1 "$(grep -c '"comm":"workload"' answer.json)"
about "pages taken" 1000 1100 "$(sum pages)"
ask page-faults comm=workload -- workload pages 1000
about "pages written for the first time" 1000 1050 "$(grep '"kind":"write|user"' answer.json | grep -o '"faults":[0-9]*' | cut -d: -f2)"

ask high-order order=9 -- workload huge 3
equal "huge pages" 1 "$(count answer.json '"order":9,"comm":"workload","times":3,' '"do_huge_pmd_anonymous_page"' '"asm_exc_page_fault"')"
ask high-order order=9 -- workload pages 100
equal "small ones are none" "" "$(<answer.json)"

folder=$(mktemp -d -p /var/tmp) && at_end+=("rm -rf $folder")
workload write $folder/cold.bin 4096 100
echo 1 >/proc/sys/vm/drop_caches
workload read /etc/hosts 5 1 # the program itself is in the cache
ask cache-hits -- workload read $folder/cold.bin 409600 1
about "read from the disk" 100 110 "$(grep '"comm":"workload"' answer.json | grep -o '"added":[0-9]*' | cut -d: -f2)"
ask cache-hits -- workload read $folder/cold.bin 409600 1
equal "read from the cache" 1 "$(count answer.json '"comm":"workload"' '"added":0,"from_cache":100}')"
about "100 pages and those of the program" 100 400 "$(sum used)"

# A group that may have 20 MB.
groups=/sys/fs/cgroup
mountpoint -q $groups || { mount -t cgroup2 cgroup2 $groups && at_end+=("umount $groups"); }
echo +memory >$groups/cgroup.subtree_control || fail "no control of memory"
mkdir $groups/small && at_end=("rmdir $groups/small" "${at_end[@]}")
echo 20M >$groups/small/memory.max
echo 0 >$groups/small/memory.swap.max 2>/dev/null
in_group() { echo "echo \$BASHPID >$groups/small/cgroup.procs; exec $*"; }
freed() { awk '$1 == "pgsteal_direct" { print $2 }' $groups/small/memory.stat; }

before=$(freed)
ask reclaim -- bash -c "$(in_group workload write $folder/large.bin 1000000 40)"
stolen=$(($(freed) - before)) # those of files; there are some of the kernel's own caches
about "pages freed" $stolen $((stolen + 100)) "$(sum 'pages freed')"
about "at least what does not fit" 4000 20000 $stolen
equal "by whom" "$(grep -c . answer.json)" "$(grep -c '"comm":"workload"' answer.json)"

ask oom -a -- bash -c "(echo \$BASHPID >pid; $(in_group workload pages 20000)); true"
equal "who is killed" 1 "$(count answer.json '"comm":"workload",' "\"victim\":$(<pid),\"name\":\"workload\",\"order\":0,\"why\":\"Memory cgroup out of memory\"}")"
equal "nobody else" 1 "$(grep -c . answer.json)"

[ -e /sys/module/null_blk ] || skip "this kernel has no null_blk"
configfs=/sys/kernel/config
mountpoint -q $configfs || { mount -t configfs configfs $configfs && at_end+=("umount $configfs"); }
mkdir $configfs/nullb/swap || fail "no null_blk"
at_end=("rmdir $configfs/nullb/swap" "${at_end[@]}")
for setting in size=64 memory_backed=1 power=1; do echo "${setting#*=}" >$configfs/nullb/swap/${setting%%=*} || fail "$setting"; done
until_true [ -b /dev/swap ]
mkswap -q /dev/swap && swapon /dev/swap || fail "no swap"
at_end=("swapoff /dev/swap" "${at_end[@]}")
at_end+=("echo $(</proc/sys/vm/page-cluster) >/proc/sys/vm/page-cluster")
echo 0 >/proc/sys/vm/page-cluster
swapped_in() { awk '$1 == "pswpin" { print $2 }' /proc/vmstat; }
before=$(swapped_in)
echo max >$groups/small/memory.swap.max
ask swap-in -a -- bash -c "$(in_group workload swap 8000)"
equal "pages read from swap" "$(($(swapped_in) - before))" "$(sum pages)"
about "at least what does not fit" 2880 20000 "$(grep '"comm":"workload"' answer.json | grep -o '"pages":[0-9]*' | cut -d: -f2)"
