# Rust, optimised with the older names and not with the newer ones: what probes read is what the program was given.
# also runs on this machine
. "${0%/*}/lib.sh"

ask() { # PROGRAM PROBE: the fields of each record, one line a record
	dtrace++ trace --format json -x "$(command -v "$1")" "$2" -- "$1" >answer.json 2>messages || fail "$2: $(<messages)"
	sed -nE 's/.*"fields":\{(.*)\}\}$/\1/p' answer.json | xargs -d '\n'
}

for program in ul_rust ul_rust_O0; do
	equal "$program: a method" '"x":3,"y":4,"scale":10' "$(ask $program 'ul_rust::Point::sum self.x self.y scale')"
	equal "$program: a vector, a string and what is in a box" \
		'"value":11,"items":[],"len":0,"name":"numbers","y":6,"level":7 "value":12,"items":[11],"len":1,"name":"numbers","y":6,"level":7' \
		"$(ask $program 'ul_rust::Stack::push value self.items self.items.len self.name self.top.Some.0.y self.level')"
	equal "$program: variants" '"self":0,"factor":2 "self":1,"factor":2 "self":2,"factor":2' \
		"$(ask $program '<ul_rust::Shape as ul_rust::Area>::area *self factor')"
	equal "$program: what variants hold" '"__0":5 "w":6,"h":7' \
		"$(ask $program 'Shape::area self.Circle.0 self.Rect.w self.Rect.h' |
			sed -E 's/("__0":5),[^ ]* "__0":6,("w":6,"h":7) .*/\1 \2/')"
	# The second text ends where its memory ends; neither ends in a NUL.
	equal "$program: texts" '"who":"world","owned":"owned text","times":2 "who":"at the end","owned":"","times":3' \
		"$(ask $program 'ul_rust::text::greet who owned times')"
	equal "$program: a slice" '"values":[7,8,9],"values_2":[7,8],"n":3,"second":8 "values":[11,12],"values_2":[11,12],"n":2,"second":12' \
		"$(ask $program 'ul_rust::total values values[0..1] n=values.length second=values[1]')"
	equal "$program: no reference is 0" '0 some' \
		"$(ask $program 'total extra' | sed -E 's/"extra"://g; s/^[1-9][0-9]*/some/; s/(.*) (.*)/\2 \1/')"
	equal "$program: a string that is moved" '"owned":"a","with":"b"' "$(ask $program 'ul_rust::text::join owned with')"
done
