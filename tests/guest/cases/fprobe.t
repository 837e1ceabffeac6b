# What newer kernels offer: parameters at the return, and fprobes.
. "${0%/*}/lib.sh"
requires kprobes
readme() { grep -q -F -e "$1" $tracing/README; }

echo text >alpha.txt
ask() { dtrace++ trace --format json "$@" -- workload read alpha.txt 3 7 >answer.json 2>messages || fail "$(cat messages)"; }
check_answer() { # WHAT TEXT...
	equal "$1" 7 "$(count answer.json '"comm":"workload"' '"name":"alpha.txt"' "${@:2}")"
}

request='vfs_read%return file->f_path.dentry->d_name.name:string count got=$retval:s64'
if readme 'kernel return probes support: $retval, $arg<N>'; then
	ask "$request"
	check_answer "asked for and got, at the return" '"count":3,"got":3'
	ask 'vfs_read%return name=+0(+40(file->f_path.dentry)):string raw=$arg3:u64' 
	check_answer "by raw fetch-args" '"raw":3'
else
	dtrace++ trace "$request" -- true 2>messages
	equal "this kernel does not keep them" "2 error: 'file' is not known when the function returns" "$? $(head -1 messages)"
	dtrace++ trace 'vfs_read%return $arg3' -- true 2>messages
	equal "nor as \$arg3" "2 hint: this kernel does not keep the parameters until then: probe the entry" "$? $(tail -1 messages)"
fi

request='vfs_read file->f_path.dentry->d_name.name:string count'
if readme ' f[:[<group>/][<event>]]'; then
	ask --fprobe "$request"
	check_answer "by an fprobe" '"count":3'
	ask --fprobe 'vfs_read%return file->f_path.dentry->d_name.name:string got=$retval:s64'
	check_answer "at the return" '"got":3'
	dtrace++ probe -q --fprobe 'fprobe_test:read=vfs_read count' || fail probe
	equal "list" 'f fprobe_test:read     (on vfs_read@fs/read_write.c with count=$arg3:x64)' "$(dtrace++ list fprobe_test:read | head -1)"
	dtrace++ record -q -o read.data -e fprobe_test:read -- workload read alpha.txt 3 7 || fail record
	dtrace++ script -i read.data >script.txt || fail script
	equal "in a file" 7 "$(count script.txt workload 'count=3')"
	equal "deleted" "deleted fprobe_test:read" "$(dtrace++ delete fprobe_test:read)"
else
	dtrace++ trace --fprobe "$request" -- true 2>messages
	equal "no fprobes" "3 error: this kernel has no fprobes" "$? $(head -1 messages)"
fi

request='rawtracepoint:sched_process_exec p->comm:string p->tgid bprm->filename:string'
if readme ' t[:[<group>/][<event>]]'; then
	ask "$request"
	equal "the arguments of a tracepoint" 1 "$(count answer.json '"filename":"' '/workload"')"
	dtrace++ probe -q 'fprobe_test:raw=rawtracepoint:pelt_cfs_tp cfs_rq' || fail probe
	equal "list" 't fprobe_test:raw      (on pelt_cfs_tp with cfs_rq=$arg1:x64)' "$(dtrace++ list fprobe_test:raw | head -1)"
	equal "deleted" "deleted fprobe_test:raw" "$(dtrace++ delete fprobe_test:raw)"
else
	dtrace++ trace "$request" -- true 2>messages
	equal "no tprobes" "3 error: this kernel has no tprobes" "$? $(head -1 messages)"
fi
