# Go, optimised and not: what probes read is what the program prints itself, and the program survives its return probes.
# also runs on this machine
. "${0%/*}/lib.sh"

ask() { # PROGRAM PROBE: the fields of each record, one line a record
	dtrace++ trace --format json -x "$(command -v "$1")" "$2" -- "$1" >answer.json 2>messages || fail "$2: $(<messages)"
	# Where its stack grows, a function of Go is entered again from its beginning.
	sed -nE 's/.*"fields":\{(.*)\}\}$/\1/p' answer.json | uniq
}

for program in ul_go ul_go_O0; do
	equal "$program: parameters" '"a":2,"b":3 "a":90,"b":20' "$(ask $program 'main.add a b' | xargs -d '\n')"
	equal "$program: a result" '"retval":5 "retval":100' "$(ask $program 'main.add%return $retval' | xargs -d '\n')"
	equal "$program: the last line it prints" "closure 5 8080" "$(grep closure messages)"
	equal "$program: one of two results" '"len":11,"n":42 "len":6,"n":-1' \
		"$(ask $program 'main.greet%return $retval[0].len n=$retval[1]' | xargs -d '\n')"
	equal "$program: a method" '"port":8080,"Y":4,"next":9090,"path":6,"limits":3,"second":8' "$(ask $program \
		'main.(*Server).Serve s.port:u16 s.at.Y next=s.next.port:u16 path=path.len limits=limits.len second=limits.array[1]')"
	equal "$program: its result" '"retval":true' "$(ask $program 'main.(*Server).Serve%return $retval')"
	equal "$program: a struct in registers" '"X":3,"Y":4,"scale":10' "$(ask $program 'main.Point.Sum p.X p.Y scale')"
	equal "$program: a receiver" '"side":6' "$(ask $program 'main.(*Square).Area s.side')"
done
