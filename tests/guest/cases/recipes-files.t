# The recipes of the group "files", against what a program is known to do.
modprobe null_blk nr_devices=0 2>/dev/null # before tracefs is remembered: it brings events
. "${0%/*}/lib.sh"
requires kprobes
[ ! -e "$debuginfo" ] || hide_debuginfo

# ask RECIPE ...: the answer in answer.json
ask() { dtrace++ recipe run --no-govern -q --format json "$@" >answer.json 2>messages || fail "$* $(cat messages answer.json)"; }
folder=$(mktemp -d -p /var/tmp) && at_end+=("rm -rf $folder")

for name in alpha beta gamma; do dd if=/dev/zero of=$folder/$name bs=1000 count=10 status=none; done
cat >readers.sh <<END
workload read $folder/alpha 700 7
workload read $folder/beta 5 3
workload readv $folder/beta
workload sendfile $folder/gamma 2000 2
END
ask files-read -- bash readers.sh
equal "alpha" 1 "$(count answer.json "\"comm\":\"workload\",\"file\":\"$folder/alpha\",\"reads\":7,\"asked\":4900}")"
equal "beta by read" 1 "$(count answer.json "\"file\":\"$folder/beta\",\"reads\":3,\"asked\":15}")"
equal "beta by preadv" 1 "$(count answer.json "\"file\":\"$folder/beta\",\"reads\":1,\"asked\":100}")"
equal "gamma by sendfile" 1 "$(count answer.json "\"file\":\"$folder/gamma\",\"reads\":2,\"asked\":4000}")"
equal "the script" 1 "$(($(count answer.json '"comm":"bash"' "/readers.sh\"") > 0))"
ask files-read "file=$folder/*" min=100 -- bash readers.sh
equal "those alone, and so large" 3 "$(grep -c . answer.json)"
ask files-read path=no comm=workload file=al* -- bash readers.sh
equal "by the last part of the path" 1 "$(count answer.json '"file":"alpha","reads":7,"asked":4900}')"
equal "that alone" 1 "$(grep -c . answer.json)"

cat >writers.sh <<END
workload write $folder/delta 300 9
workload write $folder/epsilon 4096 2
END
ask files-written -- bash writers.sh
equal "delta" 1 "$(count answer.json "\"comm\":\"workload\",\"file\":\"$folder/delta\",\"writes\":9,\"asked\":2700}")"
equal "epsilon" 1 "$(count answer.json "\"file\":\"$folder/epsilon\",\"writes\":2,\"asked\":8192}")"

ask opens "file=$folder/*" -- bash -c "workload read $folder/alpha 5 1; workload write $folder/zeta 5 1; cat $folder/nope; true"
equal "opened to read" 1 "$(count answer.json '"comm":"workload","result":"0","flags":"read"' "\"file\":\"$folder/alpha\"")"
equal "made" 1 "$(count answer.json '"flags":"write|create|truncate"' "\"file\":\"$folder/zeta\"")"
equal "not there" 1 "$(count answer.json '"comm":"cat","result":"ENOENT"' "\"file\":\"$folder/nope\"")"
equal "no other" 3 "$(grep -c . answer.json)"
ask opens failed=yes "file=$folder/*" -- bash -c "workload read $folder/alpha 5 1; cat $folder/nope; true"
equal "only what fails" 1 "$(grep -c . answer.json)"

mkdir $folder/empty
ask deletes -- bash -c "mv $folder/beta $folder/eta; rm $folder/eta; rmdir $folder/empty; true"
equal "renamed" 1 "$(count answer.json '"comm":"mv","operation":"rename"' "\"file\":\"$folder/beta\",\"to\":\"$folder/eta\"")"
equal "removed" 1 "$(count answer.json '"comm":"rm","operation":"unlink"' "\"file\":\"$folder/eta\"" '> bash > rm"')"
equal "a directory" 1 "$(count answer.json '"comm":"rmdir","operation":"rmdir"' "\"file\":\"$folder/empty\"")"
equal "that is all" 3 "$(grep -c . answer.json)"

mkdir place
ask mounts -- bash -c "mount -t tmpfs -o ro mine $scratch/place; umount $scratch/place; mount -t tmpfs -o size=oops none $scratch/place; true"
equal "mounted" 1 "$(count answer.json '"comm":"mount","call":"mount","what":"mine"' "\"where\":\"$scratch/place\",\"type\":\"tmpfs\",\"result\":\"0\"")"
equal "unmounted" 1 "$(count answer.json '"comm":"umount","call":"unmount"' "\"where\":\"$scratch/place\"" '"result":"0"')"
equal "refused" 1 "$(count answer.json '"what":"none"' '"type":"tmpfs","result":"EINVAL"')"

# A disk that takes 5 ms.
[ -e /sys/module/null_blk ] || skip "this kernel has no null_blk"
configfs=/sys/kernel/config
mountpoint -q $configfs || { mount -t configfs configfs $configfs && at_end+=("umount $configfs"); }
mkdir $configfs/nullb/late || fail "no null_blk"
at_end=("rmdir $configfs/nullb/late" "${at_end[@]}")
for setting in size=64 memory_backed=1 irqmode=2 completion_nsec=5000000 power=1; do
	echo "${setting#*=}" >$configfs/nullb/late/${setting%%=*} || fail "$setting"
done
until_true [ -b /dev/late ]
ask slow-files over=5ms file=/dev/late -- workload direct /dev/late 4096 6
equal "slow writes" 6 "$(count answer.json '"comm":"workload","operation":"write"' '"result":"4096","file":"/dev/late"')"
equal "that is all" 6 "$(grep -c . answer.json)"
