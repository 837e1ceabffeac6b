# Question 3: who sends more than 100 bytes over TCP to this address?
. "${0%/*}/lib.sh"
requires kprobes debuginfo

ip address add $address/32 dev lo
at_end+=("ip address del $address/32 dev lo")
cat >senders.sh <<END
workload send $address 9001 101 4 100 5 64000 1
workload send 127.0.0.1 9002 5000 6
END

ask() { # FILTER
	dtrace++ trace --format json --filter "$1" 'tcp_sendmsg size dest=sk->__sk_common.skc_daddr' -- bash senders.sh \
		>answer.json 2>messages || fail "$(cat messages answer.json)"
}

check_answer() {
	equal "more than 100 bytes" 4 "$(count answer.json '"size":101,')"
	equal "much more" 1 "$(count answer.json '"size":64000,')"
	equal "not 100 bytes" 0 "$(count answer.json '"size":100,')"
	equal "not to another address" 0 "$(count answer.json '"size":5000,')"
	equal "the address as people write it" 5 "$(count answer.json "\"$address\"")"
}

ask "size > 100 && dest == $address"
check_answer
hide_debuginfo
ask "size > 100 && dest == $address"
check_answer

ask "size > 100 && dest == 127.0.0.1"
equal "the other address" 6 "$(count answer.json '"size":5000,' '"127.0.0.1"')"
equal "only that" 6 "$(count answer.json '"comm":"workload"')"
