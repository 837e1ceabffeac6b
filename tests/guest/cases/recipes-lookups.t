# Recipes of the group "files": what is only looked at, and what is read by touching memory.
. "${0%/*}/lib.sh"
. "${0%/*}/recipes.sh"
requires kprobes
hide_debuginfo

ask lookups comm=bash -- bash -c 'for i in 1 2 3; do [ -e /no/such ]; done; for i in 1 2; do [ -e /etc/hosts ]; done'
equal "what is not there" 3 "$(values times '"file":"/no/such","result":"ENOENT"')"
equal "what is" 2 "$(values times '"file":"/etc/hosts","result":"0"')"
ask lookups failed=yes 'file=/no/*' -- bash -c '[ -e /no/such ]; [ -e /no/other ]; [ -e /etc/hosts ]'
equal "only what fails" 2 "$(rows '"result":"ENOENT"' | wc -l)"
equal "nothing else" 2 "$(rows | wc -l)"

folder=$(mktemp -d -p /var/tmp) && at_end+=("rm -rf $folder")
workload write $folder/mapped.bin 4096 100
echo 1 >/proc/sys/vm/drop_caches
ask mapped-files "file=$folder/*" -- workload map $folder/mapped.bin 80
equal "a fault for each page" 80 "$(values faults "\"comm\":\"workload\",\"file\":\"$folder/mapped.bin\"")"
equal "no other file" 1 "$(rows | wc -l)"
