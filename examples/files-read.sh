#!/bin/bash
# Which files are being read, by whom?
. "${BASH_SOURCE[0]%/*}/show.sh"
request='vfs_read file->f_path.dentry->d_name.name:string'

title "Which files are being read, by whom?"
echo "The expression stands as in the kernel's source. This is what it compiles to:"
show dtrace++ probe -D "$request"

echo
echo "Ask while a command runs (without one, 'trace -a' goes on until Ctrl-c):"
show dtrace++ trace "$request" -- cat /etc/hostname /etc/hosts

echo
echo "The same in three steps, for the whole machine, kept in a file:"
show dtrace++ probe "$request"
show dtrace++ record -e probe:vfs_read -a -- cat /etc/hostname
show dtrace++ script
show dtrace++ delete probe:vfs_read
