# Stacks: from the probe in the kernel to the system call, and on into the program; perf reads the same.
. "${0%/*}/lib.sh"
requires kprobes perf debuginfo

echo text >alpha.txt
dtrace++ probe -q 'vfs_read file->f_path.dentry->d_name.name:string' || fail "probe"
at_end+=('dtrace++ delete -q probe:vfs_read')

# functions: of each read of alpha.txt that comes in a line, innermost first; without what libc does not export.
functions() {
	awk -v RS= -v FS='\n' '/"alpha.txt"/ {
		line = ""
		for (i = 2; i <= NF; ++i) {
			split($i, words, " ")
			name = words[2]; sub(/\+0x.*/, "", name); sub(/@.*/, "", name); sub(/_after_hwframe$/, "", name)
			if (name !~ /^\[/) line = line (line == "" ? "" : " ") name
		}
		print line
	}' | sort | uniq -c | sed 's/^ *//'
}

in_kernel='vfs_read ksys_read do_syscall_64 entry_SYSCALL_64'

# The program has no frame pointers: -g sees where it entered the kernel, and copies of its stack tell the rest.
dtrace++ record -q -g -e probe:vfs_read -o fp.data -- workload read alpha.txt 5 7 || fail "record"
equal "by frame pointers" "7 $in_kernel read" "$(dtrace++ script -i fp.data | functions)"
equal "the same by perf" "7 $in_kernel read" "$(perf script -i fp.data 2>/dev/null | functions)"

dtrace++ record -q --call-graph dwarf -e probe:vfs_read -o dwarf.data -- workload read alpha.txt 5 7 || fail "record"
equal "copied" "7 $in_kernel read run_read __libc_start_main _start" "$(dtrace++ script -i dwarf.data | functions)"

# The kernel's debug information has link-time addresses, and this kernel was moved; it knows what was inlined.
equal "by debug information" "7 $in_kernel read" "$(dtrace++ script -k "$debuginfo" --no-inlines -i fp.data | functions)"
equal "inlined" 7 "$(dtrace++ script -k "$debuginfo" -i fp.data | grep -A 9 alpha.txt | grep -c 'do_syscall_x64 (inlined)')"

# Every process: of those that ran before the recording, too.
dtrace++ record -q -a -g -e probe:vfs_read -o all.data -- workload read alpha.txt 5 7 || fail "record"
equal "all processes" "7 $in_kernel read" "$(dtrace++ script -i all.data | functions)"
equal "every stack goes to the system call or to a thread of the kernel" 0 \
	"$(dtrace++ script -i all.data | awk -v RS= '!/entry_SYSCALL_64|ret_from_fork/' | grep -c vfs_read)"

dtrace++ trace -g 'vfs_read file->f_path.dentry->d_name.name:string' -- workload read alpha.txt 5 7 >live.txt 2>/dev/null
equal "live" "7 $in_kernel read" "$(functions <live.txt)"
