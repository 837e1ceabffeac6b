# Programs and libraries as a process sees them: in another mount namespace, in another root, deleted.
# also runs on this machine
. "${0%/*}/lib.sh"

# A root of its own, with a program that is in no other place.
mkdir -p box/opt box/lib box/proc
cp "$(command -v bash)" box/opt/box-shell
ldd "$(command -v bash)" | grep -o '/[^ ]*' | while read -r library; do mkdir -p "box${library%/*}" && cp "$library" "box$library"; done
ln -s /opt/box-shell box/link

is_shell() { readlink "/proc/$pid/exe" | grep -q box-shell; }

# start COMMAND...: a shell that waits, in `pid`; what is written to it it executes.
start() {
	rm -f in; mkfifo in
	"$@" <in & pid=$!
	exec 9>in
	at_end=("kill -9 $pid 2>/dev/null")
	until_true is_shell
}

stop() { exec 9>&-; wait $pid 2>/dev/null; at_end=(); }

# seen WHAT OPTIONS...: a probe of the shell's function that runs a command is hit by the process, and nothing is left.
seen() {
	local what=$1; shift
	rm -f answer.txt # that of the one before
	dtrace++ trace "$@" 'execute_command_internal' >answer.txt 2>messages & tracer=$!
	until_true is_hit; kill -INT $tracer; wait $tracer
	equal "$what" 0 $?
}

is_hit() { kill -0 $tracer || fail "$(<messages)"; echo true >&9; grep -q probe_box answer.txt; }

group() { dtrace++ probe "$@" -D execute_command_internal | sed 's,:0x.*,,'; }

start chroot box /opt/box-shell
equal "in another root" "p:probe_box/execute_command_internal $scratch/box/opt/box-shell" "$(group -p $pid)"
equal "by its path there" "$(group -p $pid)" "$(group --target-ns $pid -x /opt/box-shell)"
equal "by an absolute link there" "$(group -p $pid)" "$(group --target-ns $pid -x /link)"
equal "by its name" "$(group -p $pid)" "$(group -p $pid -x box-shell)"
equal "a library by the beginning of its name" "$scratch/box" "$(dtrace++ probe -p $pid -x libc -D getpid | sed 's/.* //; s,/lib/.*,,')"
seen "trace in another root" -p $pid -x box-shell
stop

# In a mount namespace of its own nothing leads there but the process.
mkdir mounted
start unshare -m --propagation private sh -c 'mount -t tmpfs none mounted && mkdir mounted/bin && cp box/opt/box-shell mounted/bin && exec mounted/bin/box-shell'
where=/proc/$pid/root$scratch/mounted/bin/box-shell
equal "in another namespace" "p:probe_box/execute_command_internal $where" "$(group -p $pid)"
equal "by --target-ns" "$(group -p $pid)" "$(group --target-ns $pid -x "$scratch/mounted/bin/box-shell")"
equal "by a path through /proc" "$(group -p $pid)" "$(group -x "$where")"
seen "trace in another namespace" -p $pid -x box-shell
dtrace++ probe -q -p $pid 'process_t=execute_command_internal'
equal "list" "in $where)" "$(dtrace++ list probe_box:process_t | sed -nE '1s/.* (in [^ ]*)$/\1/p')"
stop
dtrace++ delete -q probe_box:process_t || fail "delete"

# Deleted: only the process has it.
start box/opt/box-shell
rm box/opt/box-shell
equal "deleted" "p:probe_box/execute_command_internal /proc/$pid/exe" "$(group -p $pid)"
seen "trace of a deleted program" -p $pid -x box-shell
stop
