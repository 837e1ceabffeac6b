# What the kernel refuses is said in the user's words, and nothing stays behind.
. "${0%/*}/lib.sh"
requires kprobes

# A duplicate static symbol has no single address; a blacklisted function takes no probe.
dtrace++ probe 'do_int3' 2>messages
equal "status" 1 "$(($? != 0))"
cat messages
grep -q '^error: ' messages || fail "no error message"
