# The recipes of the group "network", against what a program is known to send.
. "${0%/*}/lib.sh"
requires kprobes
[ ! -e "$debuginfo" ] || hide_debuginfo

# ask RECIPE ...: the answer in answer.json
ask() { dtrace++ recipe run --no-govern -q --format json "$@" >answer.json 2>messages || fail "$* $(cat messages answer.json)"; }
# of COLUMN TEXT: added up over the rows with the text
of() { grep -F -e "$2" answer.json | grep -o "\"$1\":[0-9]*" | awk -F: '{ sum += $2 } END { print sum + 0 }'; }

ask tcp-size -- workload send 127.0.0.1 9001 1000 100
equal "sent" 1 "$(count answer.json '"comm":"workload","direction":"send","peer":"127.0.0.1","port":9001,"messages":100,"bytes":100000,"mean":1000,')"
equal "received" 100000 "$(of bytes '"direction":"receive"')"
ask tcp-size -- workload send ::1 9002 700 20
equal "sent over IPv6" 1 "$(count answer.json '"direction":"send","peer":"::1","port":9002,"messages":20,"bytes":14000,"mean":700,')"
dtrace++ recipe run --no-govern -q tcp-size -- workload send 127.0.0.1 9003 3000 20 >answer.txt || fail tcp-size
equal "histogram" 1 "$(($(sed -n 's/^ *2.00 KB .. 4.00 KB *\([0-9]*\) .*/\1/p' answer.txt) >= 20))"

ip address add $address/32 dev lo
at_end+=("ip address del $address/32 dev lo")
cat >senders.sh <<END
workload send $address 9004 101 4 100 5 64000 1
workload send 127.0.0.1 9005 5000 6
END
ask tcp-send-to to=$address min=100 -- bash senders.sh
equal "large ones to that address" 1 "$(count answer.json "\"peer\":\"$address\",\"port\":9004,\"messages\":5,\"bytes\":64404," '"tcp_sendmsg"' '"__x64_sys_sendto"')"
equal "no others" 1 "$(grep -c . answer.json)"

ask tcp-connect -- bash -c 'workload send 127.0.0.1 9006 10 1; workload send ::1 9007 10 1; workload connect 127.0.0.1 9; true'
equal "connected" 1 "$(count answer.json '"comm":"workload","peer":"127.0.0.1","port":9006,"result":"0"')"
equal "over IPv6" 1 "$(count answer.json '"peer":"::1","port":9007,"result":"0"')"
equal "refused" 1 "$(count answer.json '"peer":"127.0.0.1","port":9,"result":"ECONNREFUSED"')"
ask tcp-connect failed=yes -- bash -c 'workload send 127.0.0.1 9008 10 1; workload connect 127.0.0.1 9; true'
equal "only what fails" 1 "$(grep -c . answer.json)"

ask tcp-accept -- bash -c 'workload send 127.0.0.1 9009 10 1; workload send ::1 9010 10 1'
equal "accepted" 1 "$(count answer.json '"comm":"workload","port":9009,"peer":"127.0.0.1"')"
equal "over IPv6" 1 "$(count answer.json '"port":9010,"peer":"::1"')"

ask tcp-life -a -- bash -c 'workload send 127.0.0.1 9011 1234 10; workload send ::1 9012 500 3'
equal "the side that connected" 1 "$(count answer.json '"comm":"workload","side":"client"' '"peer":"127.0.0.1","port":9011,"sent":12340,')"
equal "the side that accepted" 1 "$(count answer.json '"comm":"workload","side":"server","local port":9011,' '"sent":0,"received":1234')"
equal "over IPv6" 1 "$(count answer.json '"side":"client"' '"peer":"::1","port":9012,"sent":1500,')"

ask tcp-resets -a -- bash -c 'workload connect 127.0.0.1 9; true'
equal "a reset" 1 "$(count answer.json '"peer":"127.0.0.1","port":9,"times":1,')"
ask packet-drops -a -- bash -c 'workload connect 127.0.0.1 9; workload connect 127.0.0.1 9; true'
equal "dropped packets" 1 "$(count answer.json '"reason":"NO_SOCKET","where":"tcp_v4_rcv"' '"packets":2,')"

# An interface that swallows what it is given.
ip link add swallow type dummy && at_end+=("ip link del swallow")
ip address add 10.99.0.1/24 dev swallow; ip link set swallow up
again() { awk '/^TcpExt:/ && !n { n = split($0, names); next } /^TcpExt:/ { split($0, values); for (i in names) if (names[i] == "TCPSynRetrans") print values[i] }' /proc/net/netstat; }
before=$(again)
ask tcp-retransmits -a -- bash -c 'timeout 4 workload connect 10.99.0.9 80; true'
equal "sent again" "$(($(again) - before))" "$(of times '"to":"10.99.0.9","to port":80,"state":"SYN_SENT"')"

ask packet-size -a -- workload send 127.0.0.1 9013 1000 50
equal "packets in both directions" 2 "$(count answer.json '"interface":"lo"')"
equal "as many that come as go" "$(of packets '"send"')" "$(of packets '"receive"')"
equal "all bytes, with headers" 1 "$(($(of bytes '"receive"') > 50000))"

ask listen-drops -a -- workload listen 9014 3 6
equal "a full queue" 1 "$(count answer.json '"port":9014,"asked":6,' '"longest queue":4,"allowed":3}')"

# There is no network card here: interrupts of the disk land, are counted and are told from a card's in the same way.
interrupts() { awk '/nvme0q/ { sum += $2 + $3 } END { print sum }' /proc/interrupts; }
folder=$(mktemp -d -p /var/tmp) && at_end+=("rm -rf $folder")
export -f interrupts
ask nic-irq 'name=nvme0q*' -a -- bash -c "interrupts >before; workload write $folder/much 100000 20; interrupts >after"
seen=$(of times nvme0q) least=$(($(<after) - $(<before)))
equal "interrupts between two looks: $least of $seen" 1 "$((least > 0 && seen >= least && seen <= least + 20))"
equal "no network card" "$(grep -c . answer.json)" "$(count answer.json '"advice":"not of a network card"}')"
