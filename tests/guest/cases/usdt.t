# Static probes of a program: what is recorded is what the program says of itself, and its semaphores go back to 0.
# also runs on this machine
. "${0%/*}/lib.sh"

program=$(command -v sdt_live) || fail "sdt_live is not in the PATH"

# values PROBE...: the values of all records, a line each. The program's own lines are in said.txt.
values() {
	dtrace++ trace -q --format json -x "$program" "$@" -- bash -c "$program numbers 5 >said.txt" >answer.json 2>messages ||
		fail "$(cat messages)"
	sed -nE 's/.*"fields":\{(.*)\}\}$/\1/p' answer.json | sed -E 's/"[a-z_0-9]+"://g; s/[,"]/ /g; s/ +/ /g; s/ $//'
}

said() { sed -n "s/^$1 //p" said.txt; }

seen=$(values live:numbers 'name=arg5:string'); equal "registers, constants and text" "$(said numbers)" "$seen"
seen=$(values %sdt_live:static); equal "static memory" "$(said static)" "$seen"
seen=$(values live:twice); equal "two places" "$(said twice)" "$seen"
seen=$(values live:guarded); equal "behind a semaphore" "$(said guarded)" "$seen"
equal "hits behind a semaphore" 5 "$(wc -l <<<"$seen")"
seen=$(values live:table 2>/dev/null)
equal "the argument that can be read" "$(said table | cut -d' ' -f2)" "$seen"
grep -q 'an address made of two registers' messages && fail "-q has warnings"

"$program" numbers 1 >alone.txt
equal "nobody listens: nothing behind the semaphore" 0 "$(grep -c guarded alone.txt)"

# A program that runs already is told as well.
coproc watched { exec "$program" watch; }
listeners() { echo >&"${watched[1]}"; read -r number <&"${watched[0]}"; echo "$number"; }
has_listeners() { [ "$(listeners)" = "$1" ]; }

equal "listeners before" 0 "$(listeners)"
dtrace++ trace -a -x "$program" live:guarded >/dev/null 2>&1 & tracer=$!
until_true has_listeners 1
echo "ok: it is told that somebody listens"
kill -INT $tracer; wait $tracer
equal "listeners after" 0 "$(listeners)"

# One that is killed leaves the probe behind; it goes with what is stale.
dtrace++ trace -a -x "$program" live:guarded >/dev/null 2>&1 & tracer=$!
until_true has_listeners 1
kill -KILL $tracer; wait $tracer 2>/dev/null
dtrace++ delete --stale >/dev/null || fail "delete --stale"
equal "listeners after one that was killed" 0 "$(listeners)"

dtrace++ probe -q -x "$program" live:guarded || fail "probe"
equal "listeners of a probe that nobody records" 0 "$(listeners)"
grep -qE 'sdt_live/guarded .*:0x[0-9a-f]+\(0x[0-9a-f]+\)' /sys/kernel/tracing/uprobe_events || fail "definition: $(cat /sys/kernel/tracing/uprobe_events)"
dtrace++ delete -q sdt_live:guarded || fail "delete"
exec {watched[1]}>&-
