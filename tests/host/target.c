// A program to put probes into. Usage: target offset | calls N | threads N | children N | tree N
//   offset    prints the file offset of hit()
//   calls     calls hit(i, "text i") N times
//   threads   the same in each of 2 threads, which are started after a line came on standard input
//   children  the same in each of 2 processes, likewise
//   tree      each of 4 processes starts 4 that do the same, likewise
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char __executable_start;

__attribute__((noinline)) int hit(int number, const char* text) {
  __asm__ volatile("" : : "r"(number), "r"(text) : "memory");
  return number + 1;
}

static void call(int count) {
  char text[32];
  for (int i = 0; i < count; ++i) {
    snprintf(text, sizeof text, "text %d", i);
    hit(i, text);
  }
}

static void start_processes(int number, int below, int count) {
  for (int i = 0; i < number; ++i) {
    if (fork() != 0) continue;
    if (below > 0) start_processes(below, 0, count);
    else call(count);
    _exit(0);
  }
  while (wait(NULL) > 0) {
  }
}

static void* call_in_thread(void* count) {
  call(*(int*)count);
  return NULL;
}

static void wait_for_line(void) {
  char line[16];
  puts("ready");
  fflush(stdout);
  if (fgets(line, sizeof line, stdin) == NULL) exit(3);
}

int main(int argc, char** argv) {
  int count = argc > 2 ? atoi(argv[2]) : 0;
  if (argc < 2) return 2;
  if (strcmp(argv[1], "offset") == 0) return printf("%#lx\n", (unsigned long)((uintptr_t)hit - (uintptr_t)&__executable_start)) < 0;
  if (strcmp(argv[1], "calls") == 0) {
    call(count);
    return 7;
  }
  if (strcmp(argv[1], "threads") == 0) {
    pthread_t threads[2];
    wait_for_line();
    for (int i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, call_in_thread, &count);
    for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
    return 0;
  }
  wait_for_line();
  if (strcmp(argv[1], "tree") == 0) start_processes(4, 4, count);
  else start_processes(2, 0, count);
  return 0;
}
