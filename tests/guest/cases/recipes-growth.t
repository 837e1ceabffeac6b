# Recipes of the group "memory" that tell who takes memory and keeps it, of programs and of the kernel.
. "${0%/*}/lib.sh"
. "${0%/*}/recipes.sh"
requires kprobes
hide_debuginfo

ask kernel-memory comm=workload -- workload eventfds 40
equal "an allocation for each eventfd" 40 "$(values times '"where":"do_eventfd"')"
within "bytes asked for" 1600 8000 "$(values asked '"where":"do_eventfd"')"
equal "no more than is given" 1 "$(($(values asked '"where":"do_eventfd"') <= $(values bytes '"where":"do_eventfd"')))"

# Files of a tmpfs stay; an eventfd that is closed does not.
mkdir /dev/shm/stays && at_end+=("rm -r /dev/shm/stays")
ask kernel-leak -- bash -c 'workload eventfds 40; for i in {1..50}; do : >/dev/shm/stays/$i; done'
equal "what stays" 50 "$(sum pieces '"comm":"bash","where":"shmem_alloc_inode"' '"new_inode"')"
equal "what does not" 0 "$(rows '"where":"do_eventfd"' | wc -l)"

ask mmap-leak min=2M -- workload mappings 20 3000000
equal "every other mapping is unmapped" 10 "$(sum mappings '"comm":"workload"' '"__mmap"' '"bytes":30')"
equal "with whole pages" $((10 * 3002368)) "$(sum bytes '"comm":"workload"' '"mappings":10')"

ask rss comm=workload -- workload pages 1000
within "pages that are touched" $((1000 * 4096 - 300000)) $((1100 * 4096)) "$(values grown '"kind":"anon"')"
