# Helpers of the tests of recipes, beside lib.sh.

# ask RECIPE [WORD...]: its rows are in answer.json, what it says besides in messages
ask() {
	local recipe=$1; shift
	dtrace++ recipe run --no-govern "$recipe" --format json "$@" >answer.json 2>messages || fail "$recipe: $(cat messages answer.json)"
}

# rows TEXT...: those that have every TEXT
rows() {
	local text rows
	rows=$(<answer.json)
	for text; do rows=$(grep -F -e "$text" <<<"$rows"); done
	[ -z "$rows" ] || echo "$rows"
}

# values NAME TEXT...: of the rows that have every TEXT
values() { rows "${@:2}" | sed -nE "s/.*\"$1\":(\"[^\"]*\"|\[[^]]*\]|[^,}]*).*/\1/p"; }

# sum NAME TEXT...
sum() { values "$@" | awk '{ sum += $1 } END { printf "%d", sum }'; }

# within WHAT LEAST MOST SEEN
within() {
	[[ $4 =~ ^[0-9]+$ ]] && (($4 >= $2 && $4 <= $3)) && { echo "ok: $1: $4"; return; }
	fail "$1"$'\n'"  expected: $2 to $3"$'\n'"  seen:     $4"$'\n'"$(cat answer.json messages)"
}
ms=1000000  # nanoseconds
