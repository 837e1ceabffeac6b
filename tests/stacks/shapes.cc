// A program whose stacks are known: it keeps account of its calls, and prints at each hit what a stack must show.
//
//   shapes ROUNDS [FIFO]    with FIFO: begins when something is written to it
//
// A line is "NUMBER FUNCTION;FUNCTION;...", innermost first. The place of the probe is the symbol `shape_hit`, in the
// middle of a function, with NUMBER in %edi.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "shapes.h"

namespace shape {
namespace {

thread_local const char* calls[256];
thread_local volatile int depth = 0;
std::atomic<int> hits = 0;

// Lives as long as the call that it stands in, so that no call is made a jump.
struct Here {
  [[gnu::always_inline]] explicit Here(const char* name) {
    calls[depth] = name;
    depth = depth + 1;
  }
  [[gnu::always_inline]] ~Here() { depth = depth - 1; }
};

}  // namespace

[[gnu::noinline]] void hit() {
  Here here("hit");
  const int number = ++hits;
  std::string line = std::to_string(number) + " ";
  for (int i = depth; i-- > 0;) line += std::string(calls[i]) + (i == 0 ? "\n" : ";");
  if (write(STDOUT_FILENO, line.data(), line.size()) < 0) abort();
  asm volatile(".globl shape_hit\n.type shape_hit, @function\nshape_hit: nop\n.size shape_hit, 1" ::"D"(number));
}

[[gnu::noinline]] void recurse(int levels) {
  Here here("recurse");
  if (levels == 0)
    hit();
  else
    recurse(levels - 1);
}

[[gnu::noinline]] void even(int levels);
[[gnu::noinline]] void odd(int levels) {
  Here here("odd");
  even(levels - 1);
}
[[gnu::noinline]] void even(int levels) {
  Here here("even");
  if (levels <= 0)
    hit();
  else
    odd(levels - 1);
}

// Both lambdas become a part of the function; debug information alone knows of them.
[[gnu::noinline]] void lambdas() {
  Here here("lambdas");
  const auto inner = [](int times) __attribute__((always_inline)) {
    Here here("lambda");
    for (int i = 0; i < times; ++i) hit();
  };
  const auto outer = [&inner](int times) __attribute__((always_inline)) {
    Here here("lambda");
    inner(times);
  };
  outer(2);
}

// The frame is of a size that only the run tells.
[[gnu::noinline]] void sized(int size) {
  Here here("sized");
  volatile char* const room = static_cast<volatile char*>(__builtin_alloca(static_cast<std::size_t>(size)));
  room[size - 1] = 1;
  hit();
  room[0] = 2;
}

[[gnu::noinline]] void on_signal(int) {
  Here here("on_signal");
  hit();
}

[[gnu::noinline]] void interrupted() {
  Here here("interrupted");
  raise(SIGUSR1);
}

// What the signal interrupts is our own code, and no call.
[[gnu::noinline]] void trapped() {
  Here here("trapped");
  asm volatile("int3");
}

[[gnu::noinline]] void called_back(void* times) {
  Here here("called_back");
  recurse(*static_cast<int*>(times));
}

[[gnu::noinline]] void through_library(int times) {
  Here here("through_library");
  Here in_library("relay");
  Here inner("relay_inner");
  relay(called_back, &times);
}

// From libc into ours again.
[[gnu::noinline]] int compare(const void*, const void*) {
  Here here("compare");
  hit();
  return 0;
}

[[gnu::noinline]] void sorted() {
  Here here("sorted");
  int numbers[2] = {1, 2};
  qsort(numbers, 2, sizeof numbers[0], compare);
}

[[gnu::noinline]] void in_thread() {
  Here here("in_thread");
  recurse(1);
}

[[gnu::noinline]] void in_child() {
  Here here("in_child");
  const pid_t child = fork();
  if (child == 0) {
    recurse(2);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  ++hits;  // that was the child's
}

[[gnu::noinline]] void all() {
  Here here("all");
  hit();
  recurse(0);
  recurse(20);
  odd(5);
  lambdas();
  sized(16);
  sized(2000);
  interrupted();
  trapped();
  through_library(3);
  sorted();
  in_child();
}

}  // namespace shape

int main(int argc, char** argv) {
  if (argc > 2) {
    const int fifo = open(argv[2], O_RDONLY);
    char byte;
    if (read(fifo, &byte, 1) != 1) return 1;
  }
  signal(SIGUSR1, shape::on_signal);
  signal(SIGTRAP, shape::on_signal);
  for (int i = 0; i < atoi(argv[1]); ++i) {
    {
      shape::Here here("main");
      shape::all();
    }
    std::thread(shape::in_thread).join();
  }
}
