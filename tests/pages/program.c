// What is drawn in the tests: leaf() is called 60 times by parse(), 30 times by step(), which is inlined into run(), and
// 10 times by run() itself. Its argument grows. `program NAME` takes that name for its thread.
#include <sys/prctl.h>
#define NI __attribute__((noinline, noclone))

static volatile unsigned long sum;

NI void leaf(const char* text, unsigned long size) { sum += size + (unsigned long)text[0]; }

NI void parse(void) {
  for (unsigned long i = 0; i < 60; ++i) leaf("</script><b>", i);
  ++sum;
}

static inline __attribute__((always_inline)) void step(void) {
  for (unsigned long i = 0; i < 30; ++i) leaf("two", 1UL << i);
  ++sum;
}

NI void run(void) {
  step();
  for (unsigned long i = 0; i < 10; ++i) leaf("three", 7);
  ++sum;
}

int main(int count, char** arguments) {
  if (count > 1) prctl(PR_SET_NAME, arguments[1]);
  parse();
  run();
  return 0;
}
