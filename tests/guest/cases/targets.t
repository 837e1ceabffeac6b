# Whose hits are recorded: a user's, a control group's, a unit's; and nobody else's.
# also runs on this machine
. "${0%/*}/lib.sh"

target=$(command -v probe-target)
dtrace++ probe -x "$target" 'test_targets:hit=hit number=%di:s32' >/dev/null || fail "probe"
at_end+=('dtrace++ delete -q test_targets:hit')

# recorded WHAT EXPECTED OPTIONS...: while the command of both runs, once as asked for and once as somebody else.
recorded() {
	local what=$1 expected=$2; shift 2
	dtrace++ record -q -e test_targets:hit -o "$what.data" "$@" || fail "$what: record"
	equal "$what" "$expected" "$(dtrace++ script -i "$what.data" | grep -c .)"
}

# A user's processes that run, and their children; not those of others.
mkfifo theirs ours
chmod 711 .
setpriv --reuid=54321 --clear-groups "$target" children 50 <theirs >ready & at_end+=('kill %1 2>/dev/null')
"$target" children 30 <ours >ready.ours &
at_end+=('kill %2 2>/dev/null')
exec 7>theirs 8>ours
until_true grep -q ready ready; until_true grep -q ready ready.ours
go() { echo >&7; echo >&8; exec 7>&- 8>&-; wait %1 %2; }
dtrace++ record -e test_targets:hit -o user.data -u 54321 2>messages & recorder=$!
until_true grep -q '^recording' messages
go
wait $recorder || fail "$(<messages)"
equal "a user" 100 "$(dtrace++ script -i user.data | grep -c .)"

# A control group, and its children; what comes into it later.
root=$(awk '$3 == "cgroup" && $4 ~ /(^|,)perf_event(,|$)/ { v1 = $2 } $3 == "cgroup2" { v2 = $2 } END { print v1 ? v1 : v2 }' /proc/self/mounts)
if [ -z "$root" ]; then
	mount -t cgroup2 none /sys/fs/cgroup || skip "no control groups"
	root=/sys/fs/cgroup
	echo +pids >$root/cgroup.subtree_control # groups have perf's controller from the first such line on
	at_end+=('umount /sys/fs/cgroup')
fi
group=dtp-test.slice
mkdir -p "$root/$group/dtp-test.service" "$root/$group/other.service" || fail "no control group can be made"
at_end=("rmdir $root/$group/*.service $root/$group" "${at_end[@]}")

# One process in each, and one in none.
cat >in-groups <<END
(echo \$BASHPID >$root/$group/dtp-test.service/cgroup.procs; exec $target calls 60)
(echo \$BASHPID >$root/$group/other.service/cgroup.procs; exec $target calls 7)
$target calls 11
true
END
recorded cgroup 67 --cgroup $group -- bash in-groups
recorded cgroup-by-path 60 --cgroup $root/$group/dtp-test.service -- bash in-groups
recorded unit 60 --unit dtp-test -- bash in-groups
recorded slice 67 --unit $group -- bash in-groups
equal "names are known" 60 "$(dtrace++ script -i unit.data | grep -c '^ *probe-target ')"
equal "trace" 7 "$(dtrace++ trace -q 'test_targets:hit' --unit other.service -- bash in-groups | grep -c .)"

dtrace++ record -e test_targets:hit --unit dtp-tset 2>messages
equal "status" 2 $?
unchanged "a near name" "error: no unit 'dtp-tset' runs
  --unit: dtp-tset
          ^^^^^^^^
hint: did you mean 'dtp-test'?" "$(<messages)"
