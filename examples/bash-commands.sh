#!/bin/bash
# Which commands does anyone type into bash?
. "${BASH_SOURCE[0]%/*}/show.sh"
request='readline%return +0($retval):string'
data=$(mktemp) || exit
trap 'rm -f "$data"' EXIT

# An interactive bash on a terminal of its own, and somebody who types three lines into it.
type_into_bash() { printf '%s\n' 'echo hello' 'ls /etc/hostname' 'exit' | script -qec 'bash --norc --noprofile -i' /dev/null; }
export -f type_into_bash

title "Which commands does anyone type into bash?"
echo "No debug information of bash is needed: readline returns what was typed. The definition:"
show dtrace++ probe -x /bin/bash -D "$request"

show dtrace++ probe -x /bin/bash "$request"
show dtrace++ record -e 'probe_bash:readline__return' -a -o "$data" -- bash -c type_into_bash
show dtrace++ script -i "$data"
show dtrace++ delete 'probe_bash:readline__return'
