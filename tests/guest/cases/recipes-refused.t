# Which recipes a kernel without kprobes cannot serve, and what they say. With kprobes there is none: each is run by a test
# of its own.
# also runs on this machine
. "${0%/*}/lib.sh"
hide_debuginfo

if [ -e $tracing/kprobe_events ]; then
	equal "what works" $'exit      ok\nopens     ok\ntcp-size  ok' "$(dtrace++ recipe check exit opens tcp-size | sed 's/ *$//')"
	exit 0
fi

dtrace++ recipe list --format json >list.json
names() { grep -v '"group":"applications"\|"name":"tls-data"' list.json | sed 's/^{"name":"//; s/".*//'; } # openssl may not be here
dtrace++ recipe check $(names) >checked

# says RECIPE PROBE WAY... [-- WORD...]: why no way of the recipe to probe for PROBE works. A WAY is the place of a probe that
# would be a kprobe, "no FUNCTION", or "only RELEASE".
hint="hint: user-space probes (-x FILE) and tracepoints may work here, see 'dtrace++ doctor'; kernel functions need a kernel with CONFIG_KPROBE_EVENTS, in a virtual machine for example"
says() {
	local recipe=$1 probe=$2 text= ways=() way last=; shift 2
	# What several ways meet is said once.
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		way=$1; shift
		case $way in no\ * | only\ *) last= ;; *) [ -z "$last" ] || continue; last=$way ;; esac
		ways+=("$way")
	done
	[ $# = 0 ] || shift
	((${#ways[@]} == 1)) || text="error: none of the ${#ways[@]} ways of '$recipe' to probe for '$probe' works here"$'\n'
	for way in "${ways[@]}"; do
		case $way in
		no\ *) way=${way#no }; text+="error: there is no function '$way' in the kernel
  probe point: $way
               ${way//?/^}
hint: list what there is: dtrace++ funcs"$'\n' ;;
		only\ *) text+="error: this is for kernels ${way#only }; this one is $(uname -r)"$'\n' ;;
		*) text+="error: this kernel has no kprobes
  probe point: $way
               ${way//?/^}
$hint"$'\n' ;;
		esac
	done
	dtrace++ recipe run -q "$recipe" "$@" -- true >answer 2>messages
	equal "$recipe: status" 3 $?
	unchanged "$recipe: what it says" "${text%$'\n'}" "$(sed -E '/\.toml:[0-9]+:/d; /^ {16,}\^+$/d' messages)"
	grep -qE "^$recipe +(fails) +(.*; )?$probe: this kernel has no kprobes" checked || [ $# -gt 0 ] || fail "$recipe: $(grep "^$recipe " checked)"
	sed -i "/^$recipe /d" checked
}

says cache-hits used used=folio_mark_accessed used=mark_page_accessed
says callers call vfs_read -- function=vfs_read
says capabilities ask cap_capable cap_capable
says cpu-throttle throttle throttle_cfs_rq throttle_cfs_rq
says deletes unlink unlink=vfs_unlink
says exit exit do_exit
says files-read read vfs_read vfs_read 'only 6.1.*'
says files-written write vfs_write vfs_write 'only 6.1.*'
says io-wait wait io_schedule
says ip-traffic receive receive=ip_rcv
says listen-drops request tcp_conn_request
says lookups look vfs_statx vfs_statx
says mapped-files fault filemap_fault
says mmap-leak map mmap_region mmap_region
says mounts mount mount=path_mount
says mutex-monitor lock mutex_lock mutex_lock
says opens open do_filp_open do_filp_open
says rwsem-monitor lock down_write down_write
says slow-files read read=vfs_read
says swap-in begin swap_read_folio 'no swap_readpage'
says tcp-accept accept inet_csk_accept%return inet_csk_accept%return
says tcp-connect connect inet_stream_connect inet_stream_connect
says tcp-life connect connect=tcp_connect
says tcp-send-to send tcp_sendmsg -- to=::1
says tcp-size send send=tcp_sendmsg
equal "no other fails" "" "$(grep -E '^[a-z0-9-]+ +(fails|wrong)' checked)"
