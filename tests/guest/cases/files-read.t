# Question 1: which files are being read, by whom?
. "${0%/*}/lib.sh"
requires kprobes debuginfo

echo text >alpha.txt; echo text >beta.txt
cat >readers.sh <<'END'
workload read alpha.txt 5 7
workload read beta.txt 5 3
END

# ask REQUEST: the answer as JSON lines in answer.json
ask() { dtrace++ trace --format json "$1" -- bash readers.sh >answer.json 2>messages || fail "$(cat messages answer.json)"; }

check_answer() {
	equal "$1: alpha.txt" 7 "$(count answer.json '"comm":"workload"' '"alpha.txt"')"
	equal "$1: beta.txt" 3 "$(count answer.json '"comm":"workload"' '"beta.txt"')"
	[ "$(count answer.json '"comm":"bash"' '"readers.sh"')" -gt 0 ] || fail "$1: bash does not read readers.sh"
}

request='vfs_read file->f_path.dentry->d_name.name:string'
ask "$request"
check_answer "by debug information"

hide_debuginfo
ask "$request"
check_answer "by BTF"

definition=$(dtrace++ probe -D "$request") || fail "no definition"
ask "vfs_read ${definition#* * }"
check_answer "by raw fetch-arg"
