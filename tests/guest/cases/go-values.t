# What Go's values look like: strings, slices, interfaces and generics; the same out of a file.
# also runs on this machine
. "${0%/*}/lib.sh"

ask() { # PROGRAM PROBE: the fields of each record, one line a record
	dtrace++ trace --format json -x "$(command -v "$1")" "$2" -- "$1" >answer.json 2>messages || fail "$2: $(<messages)"
	# Where its stack grows, a function of Go is entered again from its beginning.
	sed -nE 's/.*"fields":\{(.*)\}\}$/\1/p' answer.json | uniq
}

for program in ul_go ul_go_O0; do
	equal "$program: strings, cut where they end" '"who":"world","times":21 "who":"x","times":0' \
		"$(ask $program 'main.greet who times' | xargs -d '\n')"
	equal "$program: a string that it returns" '"retval_0":"hello world" "retval_0":"nobody"' \
		"$(ask $program 'main.greet%return $retval[0]' | xargs -d '\n')"
	equal "$program: slices, cut where they end" \
		'"name":"alpha","peers":"two","path":"/index","limits":[7,8,9],"limits_2":[7,8],"limits_3":[8,9]' \
		"$(ask $program 'main.(*Server).Serve s.name s.peers[1] path limits limits[0..1] limits[1..2]')"
	equal "$program: a generic" '"a":3,"b":4 "a":"abc","b":"abd"' \
		"$(ask $program 'main.Max[go.shape.int_0] a b' | xargs -d '\n') $(ask $program 'main.Max[go.shape.string_0] a b')"
	equal "$program: a method of a generic type" '"key":"one","value":1,"key_2":"one"' \
		"$(ask $program 'main.(*Pair[...]).Find p.key p.value key')"
	equal "$program: a line" '"who":"x"' "$(ask $program 'main.greet:2 who')"
	equal "$program: what an interface holds" '"side":6' "$(ask $program 'main.measure s.(*main.Square).side')"
	equal "$program: what an empty interface holds" '"name":"alpha"' "$(ask $program 'main.isSet v.(*main.Server).name')"
done

# The same out of a file; the kernel filters by the length.
dtrace++ probe -q -x "$(command -v ul_go)" 'go_text:greet=main.greet who' || fail "no probe"
dtrace++ record -q -e go_text:greet -o text.data -- ul_go 2>messages || fail record
dtrace++ record -q -e go_text:greet --filter 'who__len > 1' -o long.data -- ul_go 2>messages || fail "record --filter"
dtrace++ record -q -e go_text:greet --filter 'who == "x"' -o none.data -- ul_go 2>refused && fail "a filter of a text"
dtrace++ delete -q 'go_text:*' || fail delete
# A function of Go begins again when its stack has grown, or another goroutine had its turn.
equal "strings of a file" 'who="world" who="x"' "$(dtrace++ script -i text.data | grep -o 'who=.*' | uniq | xargs -d '\n')"
equal "by their length" 'who="world"' "$(dtrace++ script -i long.data | grep -o 'who=.*' | uniq)"
equal "why not by the text" "error: the kernel cannot filter the text 'who': no NUL ends it" "$(head -1 refused)"
