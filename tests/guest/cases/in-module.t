# A function that the kernel's image has not, but a module that may be loaded.
. "${0%/*}/lib.sh"
requires kprobes
modprobe -n dummy 2>/dev/null || skip "no module 'dummy'"
modprobe -r dummy 2>/dev/null

if [[ $(modinfo -n dummy) = *.ko ]]; then # of a compressed one only what it offers to others is known
	dtrace++ probe 'dummy_xmit skb' 2>messages
	equal "status" 2 $?
	equal "not loaded" "error: 'dummy_xmit' is in the module 'dummy', which is not loaded
  probe point: dummy_xmit
               ^^^^^^^^^^
hint: load it (modprobe dummy) and probe it there: -m dummy" "$(<messages)"
fi

at_end+=('modprobe -r dummy')
modprobe dummy || skip "'dummy' cannot be loaded"
dtrace++ probe 'dummy_xmit skb' 2>messages
equal "status" 2 $?
equal "loaded" "error: 'dummy_xmit' is in the module 'dummy'
  probe point: dummy_xmit
               ^^^^^^^^^^
hint: probe it there: -m dummy" "$(<messages)"
dtrace++ probe -q -m dummy 'in_module:one=dummy_xmit' && dtrace++ delete -q in_module:one || fail "with -m"
