// Makes code as a compiler that works at run time does, and tells its names as they do: jit MAP|DUMP|BOTH|NONE [WAIT].
//
// outer() calls the made code, that calls step(), that calls hit(). After each of three rounds another function is
// put at the same address ("first", "second"), and then the second is moved ("second" again, elsewhere).
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

// Where the probe is: the kernel's walk misses the caller of a function that has not set up its frame, step().
__attribute__((noinline)) int hit(int round) {
	__asm__ volatile("" : : "r"(round));
	return round;
}

__attribute__((noinline)) int step(int round) {
	int result = hit(round);
	__asm__ volatile("" : "+r"(result)); // no tail call
	return result;
}

typedef int made(int);

static uint64_t now(void) {
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

// push %rbp; mov %rsp,%rbp; movabs $step,%rax; call *%rax; pop %rbp; ret
static size_t make(unsigned char *at) {
	int (*target)(int) = step;
	static const unsigned char begin[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xb8}, end[] = {0xff, 0xd0, 0x5d, 0xc3};
	memcpy(at, begin, sizeof begin);
	memcpy(at + sizeof begin, &target, 8);
	memcpy(at + sizeof begin + 8, end, sizeof end);
	return sizeof begin + 8 + sizeof end;
}

static int dump = -1;
static FILE *map;

static void open_dump(void) {
	char path[64];
	snprintf(path, sizeof path, "jit-%d.dump", getpid());
	dump = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
	struct { uint32_t magic, version, size, machine, pad, pid; uint64_t time, flags; } header = {
		0x4A695444, 1, 40, 62, 0, (uint32_t)getpid(), now(), 0};
	if (write(dump, &header, sizeof header) != sizeof header) exit(1);
	// The mark by which a recording finds it.
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, dump, 0) == MAP_FAILED) exit(1);
}

static void tell(uint32_t kind, uint64_t from, uint64_t at, size_t size, uint64_t index, const char *name) {
	if (map && kind == 0) fprintf(map, "%lx %zx %s of map\n", at, size, name), fflush(map);
	if (dump < 0) return;
	struct { uint32_t kind, size; uint64_t time; uint32_t pid, tid; uint64_t vma; } head = {
		kind, 0, now(), (uint32_t)getpid(), (uint32_t)getpid(), at};
	uint64_t load[] = {at, size, index}, moved[] = {from, at, size, index};
	const void *body = kind == 0 ? (const void *)load : moved;
	size_t body_size = kind == 0 ? sizeof load : sizeof moved, name_size = kind == 0 ? strlen(name) + 1 : 0;
	head.size = (uint32_t)(sizeof head + body_size + name_size + (kind == 0 ? size : 0));
	if (write(dump, &head, sizeof head) < 0 || write(dump, body, body_size) < 0 || write(dump, name, name_size) < 0 ||
	    (kind == 0 && write(dump, (void *)at, size) < 0)) exit(1);
}

__attribute__((noinline)) int outer(made *function, int round) { return function(round) + 1; }

int main(int argc, char **argv) {
	const char *how = argc > 1 ? argv[1] : "NONE";
	char path[64];
	snprintf(path, sizeof path, "/tmp/perf-%d.map", getpid());
	if (!strcmp(how, "MAP") || !strcmp(how, "BOTH")) map = fopen(path, "w");
	if (!strcmp(how, "DUMP") || !strcmp(how, "BOTH")) open_dump();
	unsigned char *code = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED) return 1;
	if (argc > 2) getchar(); // until it is recorded
	size_t size = make(code);
	int sum = 0;
	tell(0, 0, (uint64_t)code, size, 1, "first");
	sum += outer((made *)code, 1);
	tell(0, 0, (uint64_t)code, size, 2, "second");
	sum += outer((made *)code, 2);
	make(code + 4096);
	tell(1, (uint64_t)code, (uint64_t)(code + 4096), size, 2, "");
	sum += outer((made *)(code + 4096), 3);
	printf("%d\n", getpid());
	return sum == 9 ? 0 : 1;
}
