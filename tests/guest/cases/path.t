# Whole paths: components up to the root of the file system, and where that is mounted.
. "${0%/*}/lib.sh"
requires kprobes

read_paths() { # REQUEST FILE...
	local request=$1 file; shift
	for file; do echo "workload read $file 3 7"; done >readers.sh
	dtrace++ trace --format json "$request" -- bash readers.sh >answer.json 2>messages || fail "$(cat messages)"
}
seen() { count answer.json '"comm":"workload"' "$1"; }

mkdir -p top/in/side 1/2/3/4/5/6/7/8/9 bound over
echo text >top/in/side/alpha.txt; echo text >1/2/3/4/5/6/7/8/9/deep.txt; echo text >top.txt
mount -t tmpfs none over; at_end+=("umount $PWD/over")
mkdir -p over/a over/b/c; echo text >over/a/beta.txt; echo text >over/first.txt
mount -t tmpfs none over/b/c; at_end=("umount $PWD/over/b/c" "${at_end[@]}")
mkdir over/b/c/d; echo text >over/b/c/d/nested.txt
mount -t tmpfs none /mnt; mkdir -p /mnt/b/c; mount -t tmpfs none /mnt/b/c; echo text >/mnt/b/c/near.txt
at_end+=("umount /mnt/b/c /mnt")
mount --bind top/in bound; at_end+=("umount $PWD/bound")

read_paths 'vfs_read file:path' $PWD/top.txt top/in/side/alpha.txt 1/2/3/4/5/6/7/8/9/deep.txt over/a/beta.txt over/first.txt \
	over/b/c/d/nested.txt /mnt/b/c/near.txt bound/side/alpha.txt /proc/self/stat
equal "of the root's file system" 7 "$(seen "\"$PWD/top.txt\"")"
equal "some directories down" 7 "$(seen "\"$PWD/top/in/side/alpha.txt\"")"
equal "more than are read: cut" 7 "$(seen '".../3/4/5/6/7/8/9/deep.txt"')"
equal "on a mount" 7 "$(seen "\"$PWD/over/a/beta.txt\"")"
equal "at the root of one" 7 "$(seen "\"$PWD/over/first.txt\"")"
equal "proc" 7 "$(grep -c '"/proc/[0-9]*/stat"' answer.json)"
equal "on a mount on a mount" 7 "$(seen '"/mnt/b/c/near.txt"')"
equal "more of that than is read: cut" 7 "$(seen "\".../${PWD##*/}/over/b/c/d/nested.txt\"")"
# What a bind mount shows lies elsewhere in its file system; only that place can be read, and it is marked.
equal "a bind mount" 7 "$(seen "/${PWD##*/}/top/in/side/alpha.txt\"" | xargs -I{} expr {} - 7)"
equal "is marked" 7 "$(grep -c '"\.\.\./.*top/in/side/alpha.txt"' answer.json)"

# A dentry knows its file system only, a struct path all.
read_paths 'vfs_read d=file->f_path.dentry:path p=file->f_path:path' over/a/beta.txt
equal "by dentry and by path" 7 "$(seen "\"d\":\"/a/beta.txt\",\"p\":\"$PWD/over/a/beta.txt\"")"

# In a file too, and what has no path.
dtrace++ probe -q 'path_test:read=vfs_read file:path' || fail probe
at_end+=('dtrace++ delete -q path_test:read 2>/dev/null')
dtrace++ record -q -o read.data -e path_test:read -- bash readers.sh || fail record
dtrace++ script -i read.data >script.txt || fail script
equal "in a file" 7 "$(count script.txt workload "file_path=\"$PWD/over/a/beta.txt\"")"
dtrace++ record -q -o pipe.data -e path_test:read -- bash -c 'echo x | cat' >/dev/null || fail record
[ "$(dtrace++ script -i pipe.data | grep -c 'cat .*file_path=""')" -gt 0 ] || fail "no pipe: $(dtrace++ script -i pipe.data)"
dtrace++ trace 'vfs_read file:path' --filter 'file_path ~ "*x*"' -- true 2>messages
equal "no filter" "2 error: the kernel cannot filter the path 'file_path': it is put together later" "$? $(head -1 messages)"

# The kernel's own short form, where there is one.
if grep -q -F '%pd/%pD' $tracing/README; then
	read_paths 'vfs_read name=file:%pD dentry=file->f_path.dentry:%pd' over/a/beta.txt
	equal "%pD and %pd" 7 "$(seen '"name":"beta.txt","dentry":"beta.txt"')"
else
	dtrace++ trace 'vfs_read file:%pD' -- true 2>messages
	equal "no %pD" "2 error: this kernel has no type '%pD'" "$? $(head -1 messages)"
fi
