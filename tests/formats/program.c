// What is exported in the tests: main() calls work() four times, which calls leaf(2), which calls itself down to leaf(0).
// A second thread calls leaf(0) once.
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#define NI __attribute__((noinline, noclone))

static volatile int sum;

NI int leaf(int depth, const char* text) {
  if (depth > 0) sum += leaf(depth - 1, text);
  sum += text[0];
  return depth;
}

NI void work(void) {
  leaf(2, "work, \"quoted\"");
  ++sum;
}

static void* second(void* nothing) {
  prctl(PR_SET_NAME, "second \xff<");
  leaf(0, "");
  return nothing;
}

int main(void) {
  pthread_t thread;
  for (int i = 0; i < 4; ++i) work();
  pthread_create(&thread, NULL, second, NULL);
  pthread_join(thread, NULL);
  return 0;
}
