# nic-irq, with a network card: where its interrupts land is where they are sent.
modprobe virtio_net 2>/dev/null # before tracefs is remembered: it brings events
. "${0%/*}/lib.sh"
. "${0%/*}/recipes.sh"
for card in /sys/class/net/*/device; do card=${card%/device}; card=${card##*/}; done
[ -e "/sys/class/net/$card/device" ] || skip "no network card"
hide_debuginfo

ip link set "$card" up && ip address add 10.0.2.15/24 dev "$card" || fail "$card does not go up"
at_end+=("ip link set $card down")
irq=$(awk -F: '/virtio.*-input/ { print $1 + 0; exit }' /proc/interrupts)
interrupts() { awk -v irq="$irq:" '$1 == irq { print $2, $3 }' /proc/interrupts; } # on CPU 0 and CPU 1
export -f interrupts; export irq

# The peer refuses each connection: a packet for each.
cat >talk.sh <<'END'
interrupts >before
for i in {1..20}; do workload connect 10.0.2.2 9; done 2>/dev/null
interrupts >after
END
for cpu in 0 1; do
	other=$((1 - cpu))
	echo $cpu >/proc/irq/$irq/smp_affinity_list || fail "interrupt $irq cannot be sent to CPU $cpu"
	workload connect 10.0.2.2 9 2>/dev/null # it moves with the next one
	ask nic-irq 'name=virtio*-input*' -- bash talk.sh
	read -r seen other_seen < <(paste -d' ' before after | awk -v at=$cpu '{ print $(3 + at) - $(1 + at), $(3 + 1 - at) - $(2 - at) }')
	within "interrupts on CPU $cpu, by /proc/interrupts" 10 1000 "$seen"
	equal "and on the other" 0 "$other_seen"
	within "as many by the recipe" "$seen" $((seen + 10)) "$(values times "\"irq\":$irq," "\"cpu\":$cpu,")"
	equal "none on the other" 0 "$(rows "\"cpu\":$other," | wc -l)"
	equal "where they may go" "\"$cpu\"" "$(values allowed "\"irq\":$irq,")"
	equal "where they go" "\"$cpu\"" "$(values effective "\"irq\":$irq,")"
	echo "advice: $(values advice "\"irq\":$irq,")"
done
