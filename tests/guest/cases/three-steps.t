# Question 1 in three steps, and what perf says of the same reads: both recorders run at the same time.
. "${0%/*}/lib.sh"
requires kprobes perf

echo text >alpha.txt; echo text >beta.txt
cat >readers.sh <<'END'
workload read alpha.txt 5 7
workload read beta.txt 5 3
END

dtrace++ probe 'vfs_read file->f_path.dentry->d_name.name:string' || fail "probe"
dtrace++ list | grep -q probe:vfs_read || fail "list does not show it: $(dtrace++ list)"
dtrace++ record -e probe:vfs_read -a -o ours.data -- \
	perf record -q -e probe:vfs_read -a -o perfs.data -- bash readers.sh || fail "record"

dtrace++ script -i ours.data >ours.txt || fail "script"
dtrace++ script -i perfs.data >ours-of-perfs.txt || fail "script of perf's file"
perf script -i perfs.data >perfs.txt || fail "perf script"
perf script -i ours.data >perfs-of-ours.txt || fail "perf script of our file"

for answer in ours ours-of-perfs perfs perfs-of-ours; do
	equal "$answer: alpha.txt" 7 "$(grep -E '^ *workload ' $answer.txt | grep -cF '"alpha.txt"')"
	equal "$answer: beta.txt" 3 "$(grep -E '^ *workload ' $answer.txt | grep -cF '"beta.txt"')"
done

# Every event of our file, the other processes' too.
times() { grep -oE '[0-9]+\.[0-9]{6}:' "$1" | sort; }
equal "perf script prints the same events of our file" "$(times ours.txt | md5sum)" "$(times perfs-of-ours.txt | md5sum)"
equal "we print the same events of perf's file" "$(times perfs.txt | md5sum)" "$(times ours-of-perfs.txt | md5sum)"

dtrace++ delete probe:vfs_read || fail "delete"
