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

# Probes that stay.
equal "a dry run tells" "would add probe_libmany:many_f990
  p:probe_libmany/dtp_shared_1 $library:0x a=%di:s32 dtp_member=\\1:u16" \
	"$(dtrace++ probe -n -x "$library" 'many_f99? a' | sort | sed -nE '/f990$/p;/member=.1:/s/:0x[0-9a-f]+/:0x/p' | sort -r)"
equal "and adds nothing" 0 "$(grep -c "$library" $tracing/uprobe_events)"
named() { dtrace++ list 'probe_libmany:*' | grep -c '^u'; }
dtrace++ probe --max-probes 2000 -x "$library" 'many_f* a text=s:string' >messages || fail probe
at_end+=("dtrace++ delete -q 'probe_libmany:*' 2>/dev/null")
equal "all are added" 1000 "$(grep -c '^added probe_libmany:many_f' messages)"
equal "what next" "remove with: dtrace++ delete 'probe_libmany:many_f*'" "$(tail -1 messages)"
equal "as one event of the kernel" 'probe_libmany/dtp_shared_1' "$(grep "$library" $tracing/uprobe_events | cut -d' ' -f1 | cut -d: -f2 | sort -u)"
equal "and are listed one by one" 1000 "$(named)"
equal "with their words" "u probe_libmany:many_f12 (on many_f12@$PWD/many.c in $library with a=%di:s32 text=+0(%si):string)
    asked for: many_f* a text=s:string" "$(dtrace++ list probe_libmany:many_f12)"
equal "and as JSON" '"many_f12","kind":"uprobe","standing":"asked_for","request":"many_f* a text=s:string","shared":"dtp_shared_1"' \
	"$(dtrace++ list --format json probe_libmany:many_f12 | grep -o '"many_f12".*_1"')"
dtrace++ probe -x "$library" many_f12 2>messages
equal "a name is taken" "error: event 'probe_libmany:many_f12' already exists" "$(head -1 messages)"

names() { dtrace++ script -i "$1" | grep -o 'libmany:many_f[0-9]*:' | sort | uniq -c | awk '{print $1}' | sort | uniq -c | xargs; }
dtrace++ record -q -o own.data -e 'probe_libmany:*' -- ./use || fail record
equal "each is recorded once, by perf's rings" "1000 1" "$(names own.data)"
dtrace++ record -q -o all.data -a -e 'probe_libmany:*' -- ./use || fail "record -a"
equal "and by those of tracefs" "1000 1" "$(names all.data)"
equal "a report has them all" 1000 "$(dtrace++ report -i all.data | grep -c "^# Samples: 1 of event 'probe_libmany:many_f")"
equal "statistics know one" 1 "$(dtrace++ stats -i all.data a | grep -c "^# a of 'probe_libmany:many_f77': 1 number$")"
dtrace++ record -v -o one.data -e probe_libmany:many_f7 -e 'probe_libmany:many_f8?' --filter 'a == 3' -- ./use 1 2>messages || fail "record one"
equal "some of them, with a filter" 'probe_libmany:many_f7 1 1 0' "$(awk '$1 == "probe_libmany:many_f7" {print $1, $2, $3, $4}' messages)"
equal "and what it left" 'probe_libmany:many_f80 1 0 1' "$(awk '$1 == "probe_libmany:many_f80" {print $1, $2, $3, $4}' messages)"
equal "nobody else" 11 "$(grep -c '^probe_libmany' messages)"
equal "nor in the file" 1 "$(dtrace++ script -i one.data 2>/dev/null | wc -l)"
list=$(for ((i = 0; i < 1000; i += 3)); do printf 'probe_libmany:many_f%d,' $i; done)
dtrace++ record -o third.data -e "$list" -- ./use 2>messages || fail "record of many"
equal "more than a filter can name" "recorded 334 events" "$(grep -o '^recorded [0-9]* events' messages)"
equal "are shown alone" "334 1" "$(names third.data)"
if command -v perf >/dev/null; then
	equal "perf reads the file" 1000 "$(perf script -i all.data 2>/dev/null | grep -c 'libmany:dtp_shared_1:.*dtp_member=[0-9]*$')"
fi

dtrace++ record -q -o held.data -a -e probe_libmany:many_f1 -- sh -c './use; echo $$ >ready; exec sleep 100' & recorder=$!
read -r command <ready
dtrace++ delete probe_libmany:many_f2 2>messages
equal "in use are all" "1 error: event 'probe_libmany:dtp_shared_1' is in use" "$? $(head -1 messages)"
is_written() { dtrace++ script -i held.data 2>/dev/null | grep -q many_f1; }
until_true is_written
kill -9 $recorder $command; wait $recorder 2>/dev/null
dtrace++ delete --stale
equal "its file has their names" "1 probe_libmany:many_f1:" "$(dtrace++ script -i held.data 2>/dev/null | grep -o 'probe_[^ ]*' | sort | uniq -c | xargs)"
equal "a killed recorder leaves them" 1000 "$(named)"
equal "one goes" 'deleted probe_libmany:many_f2' "$(dtrace++ delete probe_libmany:many_f2)"
equal "the others stay" 999 "$(named)"
dtrace++ record -q -o rest.data -e 'probe_libmany:many_f?' -- ./use || fail "record of the rest"
equal "and are recorded" "9 1" "$(names rest.data)"
equal "all go" 999 "$(dtrace++ delete 'probe_libmany:*' | grep -c '^deleted')"
equal "and are forgotten" "" "$(ls /run/dtracepp/probes | grep libmany)"

dtrace++ probe -q --separate -x "$library" 'many_f77?' || fail "probe --separate"
equal "apart when that is wanted" 10 "$(grep -c "probe_libmany/many_f77[0-9] $library" $tracing/uprobe_events)"
dtrace++ delete -q 'probe_libmany:*'
