# A thousand functions of a library at once: few events of the kernel, and one of ours for each function.
# also runs on this machine
. "${0%/*}/lib.sh"
command -v cc >/dev/null || skip "there is no compiler"

library=$scratch/libmany.so
for ((i = 0; i < 1000; ++i)); do
	echo "__attribute__((noinline)) int many_f$i(int a, const char *s) { __asm__ volatile(\"\"); return a + $i + (s != 0); }"
done >many.c
{ echo 'int many_all(int a) { int sum = 0;'; for ((i = 0; i < 1000; ++i)); do echo "sum += many_f$i(a, \"x\");"; done
echo 'return sum; }'; } >>many.c
cc -g -O1 -shared -fPIC -o "$library" many.c || fail "cc many.c"
echo 'int many_all(int); int main(int argc, char **argv) { return argc > 1 ? 0 * many_all(argc) : many_all(argc) == 0; }' >use.c
cc -o use use.c -L. -lmany -Wl,-rpath,"$scratch" || fail "cc use.c"

dtrace++ trace --max-probes 2000 -x "$library" 'many_f* a text=s:string' -- ./use >records 2>messages || fail "trace: $(<messages)"
equal "a record of each function" 1000 "$(sed -E 's/.*libmany:(many_f[0-9]+): .*/\1/' records | sort -u | wc -l)"
equal "with its name" 1 "$(grep -c 'probe_libmany:many_f7: ([0-9a-f]*) a=1 text="x"$' records)"
equal "and no more" 1000 "$(wc -l <records)"

dtrace++ trace --max-probes 2000 -x "$library" 'many_f* a' --filter 'a > 1' -- ./use 2>messages >records || fail "trace --filter"
equal "one filter for all" "0" "$(wc -l <records)"

mkfifo ready
dtrace++ trace --max-probes 2000 -x "$library" 'many_f* a' -- sh -c 'echo $$ >ready; exec sleep 100' >records 2>messages & tracer=$!
read -r command <ready
equal "are one event of the kernel" 1 "$(grep "$library" $tracing/uprobe_events | cut -d' ' -f1 | sort -u | wc -l)"
event=$(grep -m1 -o "dtp_[0-9a-z_]*/dtp_shared_1" $tracing/uprobe_events)
kill -9 $tracer $command; wait $tracer 2>/dev/null
equal "which a killed tracer leaves behind" "deleted ${event/\//:}" "$(dtrace++ delete --stale)"
