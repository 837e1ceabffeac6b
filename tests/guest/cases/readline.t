# Question 2: which commands does anyone type into bash? Bash has no debug information: its symbols are enough.
# also runs on this machine
. "${0%/*}/lib.sh"

cat >typist.sh <<'END'
printf '%s\n' 'echo first $((1 + 1))' 'true second' 'exit 3' | script -qec 'bash --norc --noprofile -i' /dev/null >/dev/null
END

dtrace++ trace --format json -x /bin/bash 'readline%return +0($retval):string' -- bash typist.sh >answer.json 2>messages
equal "the status of bash" 3 $?
for line in 'echo first $((1 + 1))' 'true second' 'exit 3'; do equal "$line" 1 "$(count answer.json "\"$line\"")"; done
equal "nothing else" 3 "$(count answer.json '"comm":"bash"')"
