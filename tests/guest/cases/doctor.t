# doctor says what is so, changes nothing and always succeeds.
# also runs on this machine
. "${0%/*}/lib.sh"

verdict() { grep -E "^(ok|missing|-) +$1 " answer.txt | cut -d' ' -f1; }

dtrace++ doctor >answer.txt 2>messages
equal "status" 0 $?
equal "nothing on standard error" "" "$(<messages)"
expected=missing; [ ! -e $tracing/kprobe_events ] || expected=ok
equal "kprobes" $expected "$(verdict kprobes)"
expected=missing; [ ! -r /sys/kernel/btf/vmlinux ] || expected=ok
equal "BTF" $expected "$(verdict BTF)"
for item in user tracefs uprobes recording symbols; do equal "$item" ok "$(verdict $item)"; done

setpriv --reuid=nobody --regid=nogroup --clear-groups dtrace++ doctor >answer.txt 2>&1 || skip "no user nobody that may run dtrace++"
for item in user tracefs; do equal "$item for nobody" missing "$(verdict $item)"; done
