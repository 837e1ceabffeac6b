# Recipes of the group "network": UDP and Unix sockets, all traffic by address, and connections over IPv6.
. "${0%/*}/lib.sh"
. "${0%/*}/recipes.sh"
requires kprobes
hide_debuginfo

ask socket-size -- bash -c 'workload datagrams 127.0.0.1 9101 1000 20; workload datagrams ::1 9102 500 10; workload pair 4000 30'
for direction in send receive; do
	equal "UDP: $direction" 20 "$(values messages "\"kind\":\"udp\",\"direction\":\"$direction\"" '"bytes":20000,"mean":1000,')"
	equal "UDP over IPv6: $direction" 10 "$(values messages "\"kind\":\"udp\",\"direction\":\"$direction\"" '"bytes":5000,"mean":500,')"
	equal "Unix sockets: $direction" 30 "$(values messages "\"kind\":\"unix\",\"direction\":\"$direction\"" '"bytes":120000,"mean":4000,')"
done

# The kernel counts bytes of IPv4 and IPv6, too.
octets() {
	awk '/^IpExt:/ && !n { n = split($0, names); next } /^IpExt:/ { for (i = 1; i <= n; ++i) if (names[i] == "InOctets" || names[i] == "OutOctets") print names[i], $i }' /proc/net/netstat
	awk '$1 == "Ip6InOctets" || $1 == "Ip6OutOctets" { print $1, $2 }' /proc/net/snmp6
}
export -f octets
ask ip-traffic -- bash -c 'octets >before; workload send 127.0.0.1 9103 1000 100; workload send ::1 9104 700 20; workload datagrams 127.0.0.1 9105 200 7; octets >after'
grown() { join before after | awk -v name="$1" '$1 == name { print $3 - $2 }'; }
equal "received" "$(grown InOctets)" "$(sum bytes '"direction":"receive","peer":"127.0.0.1"')"
equal "sent" "$(grown OutOctets)" "$(sum bytes '"direction":"send","peer":"127.0.0.1"')"
equal "received over IPv6" "$(grown Ip6InOctets)" "$(sum bytes '"direction":"receive","peer":"::1"')"
equal "sent over IPv6" "$(grown Ip6OutOctets)" "$(sum bytes '"direction":"send","peer":"::1"')"
equal "datagrams of 200 bytes and their headers" $((7 * 228)) "$(values bytes '"direction":"send"' '"protocol":"udp","packets":7')"

# A destination of IPv6, by any spelling; IPv4 is not of it.
cat >senders.sh <<'END'
workload send ::1 9106 101 4 100 5 64000 1
workload send 127.0.0.1 9107 5000 6
END
ask tcp-send-to to=0:0::1 min=100 -- bash senders.sh
equal "large ones to that address" 5 "$(values messages '"peer":"::1","port":9106,' '"bytes":64404,' '"tcp_sendmsg"')"
equal "no others" 1 "$(rows | wc -l)"
ask tcp-send-to to=::2 min=100 -- bash senders.sh
equal "to another address" 0 "$(rows | wc -l)"
ask tcp-send-to to=127.0.0.1 min=100 port=9107 -- bash senders.sh
equal "of IPv4" 6 "$(values messages '"peer":"127.0.0.1","port":9107,"messages":6,"bytes":30000,')"

ask tcp-resets -- bash -c 'workload connect ::1 9; true'
equal "a reset over IPv6" 1 "$(values times '"local":"::1",' '"peer":"::1","port":9,')"

# An interface that swallows what it is given.
ip link add swallow type dummy && at_end+=("ip link del swallow")
ip link set swallow up
ip -6 address add fd00::1/64 dev swallow nodad
again() { awk '/^TcpExt:/ && !n { n = split($0, names); next } /^TcpExt:/ { split($0, values); for (i in names) if (names[i] == "TCPSynRetrans") print values[i] }' /proc/net/netstat; }
# Neighbours are asked for first: this one is known.
ip -6 neighbour add fd00::9 lladdr 02:00:00:00:00:09 dev swallow
before=$(again)
ask tcp-retransmits -- bash -c 'timeout 4 workload connect fd00::9 80; true'
equal "sent again over IPv6" "$(($(again) - before))" "$(sum times '"from":"fd00::1",' '"to":"fd00::9","to port":80,"state":"SYN_SENT"')"
equal "at least once" 1 "$(($(sum times '"to":"fd00::9"') > 0))"
