# What the kernel refuses is said in the user's words, and nothing stays behind.
. "${0%/*}/lib.sh"
requires kprobes

# Known before the kernel is asked: functions (do_int3 is inlined into one) on its blacklist, and those that it cannot trace.
dtrace++ probe 'do_int3' 2>messages
equal "status" 1 $?
equal "a function that the kernel forbids" "error: the kernel forbids probes in 'exc_int3'
  probe point: do_int3
               ^^^^^^^
hint: probe a function that calls it, or one that it calls" "$(<messages)"

dtrace++ probe -n 'bpf_trace_run4' 2>messages
equal "status" 1 $?
equal "one that cannot be traced" "error: 'bpf_trace_run4' cannot be traced
  probe point: bpf_trace_run4
               ^^^^^^^^^^^^^^
hint: probe a function that calls it, or one that it calls" "$(<messages)"

# A symbol of its own or of a module: the kernel would find fault with the whole probe.
dtrace++ probe -D 'vfs_read count=%dx @no_such_symbol_here+8' 2>messages
equal "status" 2 $?
equal "an unknown symbol" "error: there is no symbol 'no_such_symbol_here' in the kernel
  argument 2: @no_such_symbol_here+8
              ^^^^^^^^^^^^^^^^^^^^" "$(<messages)"
of_module=$(awk '$2 ~ /^[bBdD]$/ && $3 ~ /^[a-z_]+$/ && NF == 4 { print $3; exit }' /proc/kallsyms)
[ -z "$of_module" ] || equal "one of a module" "p:probe/vfs_read vfs_read+0 @$of_module" "$(dtrace++ probe -D "vfs_read @$of_module")"
