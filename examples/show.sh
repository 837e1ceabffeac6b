# Sourced by the examples. `show COMMAND...` prints a command as one would type it, then runs it. The examples work in a
# directory of their own that goes away with them.
scratch=$(mktemp -d) && cd "$scratch" || exit
trap 'cd /; rm -rf "$scratch"' EXIT

bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi

title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

quoted() { # a word, in quotes only where the shell needs them
	case $1 in
	*[!A-Za-z0-9_./:+=-]*) printf "'%s'" "$1" ;;
	*) printf '%s' "$1" ;;
	esac
}

show() {
	local word line='$'
	for word; do line+=" $(quoted "$word")"; done
	printf '\n%s%s%s\n' "$bold" "$line" "$plain"
	"$@"
}
