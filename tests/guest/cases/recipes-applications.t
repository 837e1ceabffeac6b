# Recipes that watch applications: where their time goes; bash, Python, C++ programs.
# also runs on this machine
. "${0%/*}/lib.sh"

# ask RECIPE ...: the answer in answer.json
ask() { timeout 60 dtrace++ recipe run --no-govern -q --format json "$@" >answer.json 2>messages || fail "$* $(cat messages answer.json)"; }

cat >typist.sh <<'END'
printf '%s\n' 'echo first $((1 + 1))' 'true second' | script -qec 'bash --norc --noprofile -i' /dev/null >/dev/null
END
ask bash-commands -- bash typist.sh
equal "what is typed" 'echo first $((1 + 1))|true second' "$(sed -nE 's/.*"command":"(.*)"\}$/\1/p' answer.json | paste -sd '|')"

# Busy for 300 ms, most of it in a loop that asks for the time.
ask cpu-profile -- workload burn 300
samples=$(sed -nE 's/^\{"comm":"workload","samples":([0-9]+),.*"stack":\[.*(burn|clock_gettime|vdso).*/\1/p' answer.json | awk '{ sum += $1 } END { print sum + 0 }')
((samples > 0)) || fail "no sample of the loop: $(head -3 answer.json)"
echo "ok: where the time goes"

if [ -x /usr/bin/python3 ]; then
	cat >calls.py <<'END'
import gc

def inner(n):
    return n + 1

def outer():
    for n in range(7):
        inner(n)

outer()
for _ in range(5):
    gc.collect(2)
END
	ask python-calls --top 100000 -- /usr/bin/python3 -I calls.py
	equal "calls of inner" 1 "$(count answer.json 'calls.py","function":"inner","calls":7,"last line":4}')"
	equal "calls of outer" 1 "$(count answer.json 'calls.py","function":"outer","calls":1,')"
	ask python-gc -- /usr/bin/python3 -I -c 'import gc; gc.disable(); [gc.collect(1) for _ in range(5)]'
	equal "collections" 5 "$(count answer.json '"generation":1,')"
else
	echo "Python is not here: its recipes are left out"
fi

if command -v g++ >/dev/null; then
	cat >throws.cc <<'END'
#include <stdexcept>
int main() {
  for (int i = 0; i < 3; ++i)
    try {
      throw std::runtime_error("no");
    } catch (const std::exception&) {
    }
  try {
    throw 7;
  } catch (int) {
  }
}
END
	g++ -O2 -fomit-frame-pointer -o throws throws.cc
	ask cxx-throws -- ./throws
	equal "exceptions of a class" 1 "$(count answer.json '"comm":"throws","type":"St13runtime_error","times":3,' '"main"')"
	equal "of a number" 1 "$(count answer.json '"comm":"throws","type":"i","times":1,')"
else
	echo "a C++ compiler is not here: cxx-throws is left out"
fi
