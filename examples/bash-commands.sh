#!/bin/bash
# Which commands does anyone type into bash?
. "${BASH_SOURCE[0]%/*}/show.sh"
request='readline%return +0($retval):string'

# An interactive bash on a terminal of its own, and somebody who types three lines into it.
type_into_bash() { printf '%s\n' 'echo hello' 'ls /etc/hostname' 'exit' | script -qec 'TERM=dumb bash --norc --noprofile -i' /dev/null; }
export -f type_into_bash

title "Which commands does anyone type into bash?"
echo "No debug information of bash is needed: readline returns what was typed. The definition:"
show dtrace++ probe -x /bin/bash -D "$request"

show dtrace++ probe -x /bin/bash "$request"
show dtrace++ record -e 'probe_bash:readline__return' -a -- bash -c type_into_bash
show dtrace++ script
show dtrace++ delete 'probe_bash:readline__return'
