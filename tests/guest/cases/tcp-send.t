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

# The same for every process, with stacks: of two senders the one, and its call chain alone.
for sender in right wrong; do cp "$(command -v workload)" $sender; done
cat >both.sh <<END
./wrong send 127.0.0.1 9003 5000 6
./right send $address 9004 101 4 100 5 64000 1
./wrong send 127.0.0.1 9005 101 3
END
dtrace++ probe -q 'tcp_sendmsg size dest=sk->__sk_common.skc_daddr' || fail "probe"
at_end+=('dtrace++ delete -q probe:tcp_sendmsg')
dtrace++ record -q -a -g -e probe:tcp_sendmsg --filter "size > 100 && dest == $address" -o both.data -- bash both.sh ||
	fail "record"
dtrace++ report --stdio -i both.data >report.txt || fail "report"
equal "one sender" "100.00% 5 right" "$(sed -nE 's/^ +([0-9.]+%) +([0-9]+)  ([a-z]+)$/\1 \2 \3/p' report.txt)"
equal "one chain, without forks" 0 "$(grep -c -e '--[0-9.]*%--' report.txt)"
chain=$(sed -nE '/---/,$s/^ +(---)?([A-Za-z0-9_.]+).*/\2/p' report.txt)
in_kernel=$(sed -n '/^entry_SYSCALL_64/,$p' <<<"$chain")
equal "from the system call to the probe" "do_syscall_64 tcp_sendmsg" "$(sed -n '2p;$p' <<<"$in_kernel" | xargs)"
equal "through the socket" 1 "$(grep -cx '__sys_sendto' <<<"$in_kernel")"
equal "below a function of the program" 1 "$(sed '/^entry_SYSCALL_64/,$d' <<<"$chain" | grep -cx '_*send')"
