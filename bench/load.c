/* What the recorder's benchmark traces.
 *
 *   load hits N    N calls of hit() with a number, a pointer and a string
 *   load flood N   N system calls, shared by one thread on each CPU
 *   load deep N    N calls of leaf() below 8 ways of 12 frames
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((noinline)) void hit(int number, void *pointer, const char *text) {
	__asm__ volatile("" : : "r"(number), "r"(pointer), "r"(text) : "memory");
}

__attribute__((noinline)) void leaf(void) { __asm__ volatile("" : : : "memory"); }
__attribute__((noinline)) void left(unsigned way, int depth);
__attribute__((noinline)) void right(unsigned way, int depth) {
	if (depth == 0)
		leaf();
	else if (way & 1)
		left(way >> 1, depth - 1);
	else
		right(way >> 1, depth - 1);
	__asm__ volatile("" : : : "memory"); /* no call is the last thing here: all have a frame */
}
void left(unsigned way, int depth) {
	if (depth == 0)
		leaf();
	else if (way & 1)
		right(way >> 1, depth - 1);
	else
		left(way >> 1, depth - 1);
	__asm__ volatile("" : : : "memory");
}

static long count_of_each;

static void *flood(void *cpu) {
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET((long)cpu, &set);
	sched_setaffinity(0, sizeof set, &set);
	for (long i = 0; i < count_of_each; i++)
		syscall(SYS_getppid);
	return NULL;
}

static void flood_all(long count) {
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[cpus];
	count_of_each = count / cpus;
	for (long i = 0; i < cpus; i++)
		pthread_create(&threads[i], NULL, flood, (void *)i);
	for (long i = 0; i < cpus; i++)
		pthread_join(threads[i], NULL);
}

int main(int count, char **words) {
	if (count != 3)
		return 2;
	long calls = atol(words[2]);
	if (strcmp(words[1], "flood") == 0)
		flood_all(calls);
	else if (strcmp(words[1], "hits") == 0)
		for (long i = 0; i < calls; i++)
			hit((int)i, &calls, i % 2 ? "odd" : "even");
	else if (strcmp(words[1], "deep") == 0)
		for (long i = 0; i < calls; i++)
			left((unsigned)i % 8, 12);
	else
		return 2;
	return 0;
}
