# The recipes of the group "disk", on a disk that takes 5 ms for each request.
modprobe null_blk nr_devices=0 2>/dev/null # before tracefs is remembered: it brings events
. "${0%/*}/lib.sh"
requires kprobes
[ ! -e "$debuginfo" ] || hide_debuginfo

# ask RECIPE ...: the answer in answer.json
ask() { dtrace++ recipe run --no-govern -q --format json -a "$@" >answer.json 2>messages || fail "$* $(cat messages answer.json)"; }
sum() { grep -F '"slow"' answer.json | grep -o "\"$1\":[0-9]*" | awk -F: '{ sum += $2 } END { print sum + 0 }'; } # of a column, for this disk

# disk NAME SETTING=VALUE...: /dev/NAME, in memory
disk() {
	local setting
	mkdir "$configfs/nullb/$1" || fail "no null_blk"
	at_end=("rmdir $configfs/nullb/$1" "${at_end[@]}")
	for setting in size=64 memory_backed=1 "${@:2}" power=1; do
		echo "${setting#*=}" >"$configfs/nullb/$1/${setting%%=*}" || fail "$1: $setting"
	done
	until_true [ -b "/dev/$1" ]
}
[ -e /sys/module/null_blk ] || skip "this kernel has no null_blk"
configfs=/sys/kernel/config
mountpoint -q $configfs || { mount -t configfs configfs $configfs && at_end+=("umount $configfs"); }
disk slow irqmode=2 completion_nsec=5000000
disk bad badblocks=+0-15

ask block-latency -- workload direct /dev/slow 4096 50
equal "requests" "50 204800" "$(sum requests) $(sum bytes)"
equal "synchronous writes" "$(count answer.json '"device":"slow"')" "$(count answer.json '"device":"slow"' '"op":"WS"')"
ask block-latency over=5ms -- workload direct /dev/slow 4096 20
equal "all take 5 ms" 20 "$(sum requests)"
ask block-latency over=100s -- workload direct /dev/slow 4096 5
equal "none takes 100 s" "" "$(<answer.json)"
ask block-latency queued=yes -- workload direct /dev/slow 8192 20
equal "who made them" 1 "$(count answer.json '"comm":"workload"' '"requests":20,"bytes":163840')"

ask io-wait comm=workload -- workload direct /dev/slow 4096 20
equal "who waits" 1 "$(count answer.json '"comm":"workload","waits":20,')"
equal "for at least 20 times 5 ms" 1 "$(($(grep -o '"total":[0-9]*' answer.json | cut -d: -f2) >= 100000000))"
equal "by which way" 1 "$(count answer.json '"io_schedule' 'pwrite')"

ask block-who -- workload direct /dev/slow 4096 50
equal "who" 1 "$(count answer.json '"comm":"workload","device":"slow","op":"WS","requests":50,"bytes":204800,"mean":4096,"largest":4096}')"

ask block-merge -- workload direct /dev/slow 4096 50
equal "nothing to merge" '{"device":"slow","asked":50,"mean_asked":4096,"merged":0,"rate":0,"sync_asked":100,"given":50,"mean_given":4096,"verdict":"small, each waited for"}' \
	"$(grep '"slow"' answer.json)"
ask block-merge -- workload write /dev/slow 4096 500
equal "merged" 1 "$(count answer.json '"device":"slow","asked":500,"mean_asked":4096,' '"verdict":"small, and merged"')"
equal "what is not merged is given" 500 "$(($(grep '"slow"' answer.json | sed 's/.*"merged":\([0-9]*\),.*"given":\([0-9]*\),.*/\1+\2/')))"

ask block-errors -- workload direct /dev/slow 4096 2
equal "no errors" "" "$(<answer.json)"
ask block-errors -- bash -c 'workload direct /dev/bad 4096 1; true'
equal "an error" 1 "$(count answer.json '"device":"bad","sector":0,"sectors":8,' '"error":"EIO"')"

# On a file system that writes back.
folder=$(mktemp -d -p /var/tmp) && at_end+=("rm -rf $folder")
ask dirty-files -- workload write "$folder/dirty.bin" 4096 100
equal "pages that become dirty" 1 "$(count answer.json '"comm":"workload"' "\"inode\":$(stat -c %i "$folder/dirty.bin"),\"file\":\"dirty.bin\",\"pages\":100}")"
ask sync -- workload write "$folder/synced.bin" 4096 10
equal "one fsync" 1 "$(count answer.json '"comm":"workload","call":"fsync","times":1,')"
ask writeback -- bash -c "dd if=/dev/zero of=$folder/back.bin bs=4096 count=100 status=none; sync"
equal "pages that sync writes" 1 "$(count answer.json "\"inode\":$(stat -c %i "$folder/back.bin"),\"why\":\"sync\",\"pages\":100}")"

# By age, without anybody who asks for it.
for setting in dirty_writeback_centisecs dirty_expire_centisecs; do
	at_end+=("echo $(</proc/sys/vm/$setting) >/proc/sys/vm/$setting")
	echo 100 >/proc/sys/vm/$setting
done
dtrace++ recipe run --no-govern --format json writeback >aged.json 2>messages & reader=$!
until_true grep -q 'ends it' messages
dd if=/dev/zero of="$folder/aged.bin" bs=4096 count=60 status=none
inode=$(stat -c %i "$folder/aged.bin")
until_true grep -q "\"inode\":$inode," aged.json
kill -INT $reader; wait $reader
equal "pages that are written for their age" 1 "$(count aged.json '"comm":"kworker' "\"inode\":$inode,\"why\":\"periodic\",\"pages\":60}")"
