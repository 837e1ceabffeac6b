#!/bin/bash
# Who sends more than 100 bytes over TCP to this address?
# Uses tests/support/workload.c, which sends known amounts of data to itself.
. "${BASH_SOURCE[0]%/*}/show.sh"
address=172.31.28.139
request='tcp_sendmsg size dest=sk->__sk_common.skc_daddr'
filter="size > 100 && dest == $address"
ip address add $address/32 dev lo || exit
trap 'ip address del $address/32 dev lo; rm -rf "$scratch"' EXIT

title "Who sends more than 100 bytes over TCP to this address?"
echo "(For a moment the loopback interface has this address.) The definition:"
show dtrace++ probe -D "$request"

echo
echo "Sent: 3 times 5000 bytes and 4 times 80 bytes to $address, 2 times 7000 bytes to 127.0.0.1. The filter lets 3 pass:"
show dtrace++ probe "$request"
show dtrace++ record -e probe:tcp_sendmsg -a --filter "$filter" -- \
	bash -c "workload send $address 9001 5000 3 80 4; workload send 127.0.0.1 9002 7000 2"
show dtrace++ script
show dtrace++ delete probe:tcp_sendmsg
