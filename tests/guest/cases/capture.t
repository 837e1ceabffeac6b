# The kernel library's own tests, here against a kernel with kprobes.
. "${0%/*}/lib.sh"
requires kprobes
capture-test "$(command -v probe-target)" --no-colors=true
