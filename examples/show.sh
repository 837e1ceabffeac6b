# Sourced by the examples: `show COMMAND...` prints a command as one would type it, then runs it.

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
