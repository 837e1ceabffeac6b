# What is made of a recording of kernel probes: numbers, tables, files for other programs.
. "${0%/*}/lib.sh"
requires kprobes

echo text >notes.txt
dtrace++ probe 'vfs_read count name=file->f_path.dentry->d_name.name:string' || fail probe
dtrace++ probe 'vfs_read%return got=$retval:s64' || fail "probe of the return"
dtrace++ record -q -g -e 'probe:vfs_read*' -o data -- workload read notes.txt 11 5 || fail record

dtrace++ stats count -i data --comm workload -s name --format json >numbers.json || fail stats
equal "bytes asked for" 1 "$(count numbers.json '"keys":{"name":"notes.txt"},"count":5,"sum":55,' '"max":11,')"
dtrace++ stats got -i data --comm workload --format json >got.json || fail "stats of the return"
equal "bytes read" 1 "$(count got.json '"of":"got"' '"max":')"
dtrace++ stats --latency vfs_read vfs_read__return -i data -s name --format json >latency.json 2>messages || fail "$(<messages)"
equal "as many times as calls" 1 "$(count latency.json '"keys":{"name":"notes.txt"},"count":5,')"

dtrace++ script -i data --comm workload --format csv -F count,name >table.csv || fail "script --format csv"
equal "rows" 5 "$(count table.csv '11,notes.txt')"
equal "the day is today" "$(date -u +%F)" "$(TZ=UTC dtrace++ script -i data --clock wall -F time | head -n 1 | cut -dT -f1)"

dtrace++ report -i data --speedscope data.json --pprof data.pb.gz --perfetto data.trace || fail report
equal "stacks down to the system call" 1 "$(count data.json '"name":"vfs_read"' '"name":"ksys_read"')"
gzip -t data.pb.gz || fail "not gzip"
equal "the time line knows the function" 1 "$(($(grep -ac ksys_read data.trace) > 0))"
dtrace++ delete 'probe:vfs_read*' || fail delete
