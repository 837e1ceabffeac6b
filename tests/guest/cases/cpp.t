# C++ by gcc and clang: what probes read is what the program prints itself.
# also runs on this machine
. "${0%/*}/lib.sh"

# agrees PROGRAM FUNCTION ARGUMENT...: the records of a probe and the program's own lines are the same.
agrees() {
	local program=$1 function=$2; shift 2
	ask "$program" "$function" "$@"
	equal "$program $function" "$(sed -n "s/^${function##*:} //p" said.txt)" "$seen"
}

# ask PROGRAM FUNCTION ARGUMENT...: the fields of each record, one line a record, are in $seen.
ask() {
	local program=$1 function=$2; shift 2
	dtrace++ trace --format json -x "$(command -v "$program")" "$function $*" -- sh -c "$program >said.txt" >answer.json 2>messages ||
		fail "$program $function: $(<messages)"
	seen=$(sed -nE 's/.*"fields":\{(.*)\}\}$/\1/p' answer.json)
	[ -n "$seen" ] || fail "$program $function: no records: $(<messages)"
}

for program in cpp_live cpp_live_clang; do
	agrees $program strings reference value 'pointer=*pointer'
	agrees $program bank::Account::report owner=owner_ by kind=kind_:u8 colour=colour_ 'limit=limit_->amount' \
		'reason=limit_->reason' 'parent=parent_->owner_' 'last=history_[2]' 'code=codes_[1]' count=bank::Account::count
	# A whole struct. The program prints neither the bits of its floating-point number nor an address.
	ask $program bank::enter '*entry'
	equal "$program *entry" "$(sed -nE 's/^enter //; s/,"pair.*//p' said.txt)" \
		"$(sed -E 's/"entry_(span_)?/"/g; s/"rate":[0-9]+,//; s/,"owner":[0-9]+$//; s/"sums"/"total"/' <<<"$seen")"
done
