// A program whose doings are known exactly: the ground truth of the guest tests.
//
//   workload read FILE BYTES COUNT              opens FILE and reads BYTES from its start, COUNT times
//   workload readv FILE                         reads 100 bytes with preadv(2), once
//   workload sendfile FILE BYTES COUNT          sends BYTES of FILE to /dev/null with sendfile(2), COUNT times
//   workload write FILE BYTES COUNT             makes FILE of COUNT pieces of BYTES, then fsync(2)
//   workload direct FILE BYTES COUNT            writes COUNT pieces of BYTES past the page cache, one after the other
//   workload send ADDRESS PORT BYTES COUNT...   serves ADDRESS:PORT itself; sends BYTES in one piece, COUNT times
//                                               (BYTES COUNT may be repeated; ADDRESS may be one of IPv6)
//   workload listen PORT BACKLOG CLIENTS        listens, never accepts; CLIENTS connections try to get in
//   workload connect ADDRESS PORT               connects and goes away
//   workload calls A B C                        A times getppid, B times write of 100 bytes, C times sleep of 10 ms
//   workload sleep MS TIMES                     busy for 5 ms, then asleep for MS, TIMES
//   workload burn MS                            busy
//   workload pages COUNT                        touches so many pages of 4 KiB
//   workload swap COUNT                         touches so many pages, has them swapped out, touches them again
//   workload huge COUNT                         touches so many pages of 2 MiB
//   workload start PROGRAM COUNT                starts PROGRAM, COUNT times, one after the other
//   workload blocked MS                         a process in state D (waiting for a vfork(2) child) for MS
//   workload many COUNT                         so many processes that sleep for ever; says when they are there
//   workload hold MS [FILE]                     holds a pipe's mutex for MS, and a second thread waits for it; or
//                                               the semaphore of FILE, for writing
//   workload contend MS                         a second thread waits for a mutex of the program, whose address is
//                                               printed, for MS
//   workload timeouts MS COUNT                  waits MS for a message that does not come, COUNT times
//   workload reboot COMMAND                     asks for it, a number of reboot(2), as nobody, who may not
//   workload end STATUS | abort | fault | kill  ends that way
//   workload allocate COUNT BYTES               malloc, COUNT times; every other piece is given back
//   workload datagrams ADDRESS PORT BYTES COUNT sends BYTES over UDP to itself and takes them, COUNT times
//   workload pair BYTES COUNT                   the same, over a pair of Unix sockets
//   workload map FILE COUNT                     maps FILE and touches its first COUNT pages, one after the other
//   workload mappings COUNT BYTES               maps memory, COUNT times; every other piece is unmapped
//   workload eventfds COUNT                     makes and closes an eventfd, COUNT times
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 20];

static void die(const char* what) {
  perror(what);
  exit(1);
}

static size_t size_of(const char* text) {
  size_t size = strtoul(text, NULL, 10);
  if (size > sizeof buffer) {
    fprintf(stderr, "%s: more than %zu bytes\n", text, sizeof buffer);
    exit(2);
  }
  return size;
}

static int read_file(const char* path, size_t bytes, int count) {
  int file = open(path, O_RDONLY);
  if (file < 0) die(path);
  for (int i = 0; i < count; ++i) {
    if (lseek(file, 0, SEEK_SET) < 0 || read(file, buffer, bytes) < 0) die(path);
  }
  return 0;
}

// Takes one connection, reads it to its end, never writes.
static void serve(int listener) {
  int connection = accept(listener, NULL, NULL);
  if (connection < 0) die("accept");
  while (recv(connection, buffer, sizeof buffer, 0) > 0) {
  }
  exit(0);
}

// Of either family.
static socklen_t read_address(const char* address, const char* port, struct sockaddr_storage* at) {
  struct sockaddr_in* four = (struct sockaddr_in*)at;
  struct sockaddr_in6* six = (struct sockaddr_in6*)at;
  in_port_t number = htons((unsigned short)atoi(port));
  memset(at, 0, sizeof *at);
  if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = number;
    return sizeof *four;
  }
  if (inet_pton(AF_INET6, address, &six->sin6_addr) != 1) die(address);
  six->sin6_family = AF_INET6;
  six->sin6_port = number;
  return sizeof *six;
}

static int send_to(const char* address, const char* port, char** sizes) {
  struct sockaddr_storage to;
  socklen_t length = read_address(address, port, &to);
  int one = 1;
  int listener = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr*)&to, length) || listen(listener, 1)) die("listen");
  pid_t server = fork();
  if (server < 0) die("fork");
  if (server == 0) serve(listener);

  int connection = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(connection, (struct sockaddr*)&to, length)) die("connect");
  for (; sizes[0] && sizes[1]; sizes += 2) {
    size_t bytes = size_of(sizes[0]);
    for (int i = atoi(sizes[1]); i > 0; --i) {
      if (send(connection, buffer, bytes, 0) != (ssize_t)bytes) die("send");
    }
  }
  close(connection);
  int status = 0;
  return waitpid(server, &status, 0) == server && status == 0 ? 0 : 1;
}

static void sleep_ms(long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&time, &time) != 0 && errno == EINTR) {
  }
}

static long now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int burn(long ms) {
  for (long end = now_ms() + ms; now_ms() < end;) {
  }
  return 0;
}

static int run_read(char** words) { return read_file(words[0], size_of(words[1]), atoi(words[2])); }

static int run_readv(char** words) {
  struct iovec piece = {buffer, 100};
  int file = open(words[0], O_RDONLY);
  if (file < 0 || preadv(file, &piece, 1, 0) < 0) die(words[0]);
  return 0;
}

static int run_sendfile(char** words) {
  int file = open(words[0], O_RDONLY);
  int nowhere = open("/dev/null", O_WRONLY);
  for (int i = atoi(words[2]); i > 0; --i) {
    off_t begin = 0;
    if (sendfile(nowhere, file, &begin, size_of(words[1])) < 0) die(words[0]);
  }
  return 0;
}

static int run_write(char** words) {
  size_t bytes = size_of(words[1]);
  int file = open(words[0], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0) die(words[0]);
  for (int i = atoi(words[2]); i > 0; --i) {
    if (write(file, buffer, bytes) != (ssize_t)bytes) die(words[0]);
  }
  return fsync(file);
}

static int run_direct(char** words) {
  size_t bytes = size_of(words[1]);
  void* aligned = NULL;
  if (posix_memalign(&aligned, 4096, bytes)) die("posix_memalign");
  memset(aligned, 1, bytes);
  int file = open(words[0], O_WRONLY | O_DIRECT);
  if (file < 0) die(words[0]);
  for (int i = 0; i < atoi(words[2]); ++i) {
    if (pwrite(file, aligned, bytes, (off_t)i * (off_t)bytes) != (ssize_t)bytes) die(words[0]);
  }
  return 0;
}

static int run_send(char** words) { return send_to(words[0], words[1], words + 2); }

static int run_listen(char** words) {
  struct sockaddr_storage here;
  socklen_t length = read_address("127.0.0.1", words[0], &here);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr*)&here, length) || listen(listener, atoi(words[1]))) die("listen");
  for (int i = atoi(words[2]); i > 0; --i) {
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connect(client, (struct sockaddr*)&here, length) && errno != EINPROGRESS) die("connect");
  }
  sleep_ms(100);
  return 0;
}

static int run_connect(char** words) {
  struct sockaddr_storage to;
  socklen_t length = read_address(words[0], words[1], &to);
  int client = socket(to.ss_family, SOCK_STREAM, 0);
  if (connect(client, (struct sockaddr*)&to, length)) perror("connect");
  return 0;
}

static int run_calls(char** words) {
  int file = open("/dev/null", O_WRONLY);
  for (int i = atoi(words[0]); i > 0; --i) syscall(SYS_getppid);
  for (int i = atoi(words[1]); i > 0; --i) {
    if (write(file, buffer, 100) != 100) die("/dev/null");
  }
  for (int i = atoi(words[2]); i > 0; --i) sleep_ms(10);
  return 0;
}

static int run_sleep(char** words) {
  for (int i = atoi(words[1]); i > 0; --i) {
    burn(5);
    sleep_ms(atol(words[0]));
  }
  return 0;
}

static int run_burn(char** words) { return burn(atol(words[0])); }

static int touch(size_t count, size_t page, int advice) {
  char* memory = mmap(NULL, (count + 1) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) die("mmap");
  char* aligned = memory + (page - (size_t)memory % page) % page;
  madvise(aligned, count * page, advice);
  for (size_t i = 0; i < count; ++i) aligned[i * page] = 1;
  return 0;
}

static int run_swap(char** words) {
  size_t size = (size_t)atol(words[0]) * 4096;
  char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || madvise(memory, size, MADV_NOHUGEPAGE)) die("mmap");
  memset(memory, 1, size);
  if (madvise(memory, size, MADV_PAGEOUT)) die("MADV_PAGEOUT");
  for (size_t at = 0; at < size; at += 4096) memory[at] = 2;
  return 0;
}

static int run_pages(char** words) { return touch((size_t)atol(words[0]), 4096, MADV_NOHUGEPAGE); }
static int run_huge(char** words) { return touch((size_t)atol(words[0]), 2 << 20, MADV_HUGEPAGE); }

static int run_start(char** words) {
  for (int i = atoi(words[1]); i > 0; --i) {
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
      execl(words[0], words[0], (char*)NULL);
      _exit(127);
    }
    waitpid(child, NULL, 0);
  }
  return 0;
}

static int run_blocked(char** words) {
  long ms = atol(words[0]);
  pid_t child = vfork();
  if (child == 0) {
    sleep_ms(ms);
    _exit(0);
  }
  return waitpid(child, NULL, 0) == child ? 0 : 1;
}

// They share the memory of this one: each costs the kernel's own 30 KB. They end with it.
static int sleep_for_ever(void* nothing) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (nothing == NULL) pause();
  return 0;
}

static int run_many(char** words) {
  enum { stack_bytes = 4096 };
  long count = atol(words[0]);
  char* stacks = mmap(NULL, count * stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stacks == MAP_FAILED) die("mmap");
  for (long i = 1; i <= count; ++i)
    if (clone(sleep_for_ever, stacks + i * stack_bytes, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL) < 0)
      die("clone");
  printf("%ld are there\n", count);
  fflush(stdout);
  return pause();
}

// A write into a pipe takes the pipe's mutex and then copies from a page that is not there until we say so.
static int pipe_ends[2];
static int faults;
static char* missing;
static long hold_ms;

static void* give_page(void* nothing) {
  struct pollfd ready = {faults, POLLIN, 0};
  struct uffd_msg message;
  if (poll(&ready, 1, -1) != 1 || read(faults, &message, sizeof message) < 0) die("userfaultfd");
  sleep_ms(hold_ms);
  struct uffdio_zeropage page = {.range = {(unsigned long)missing, 4096}};
  if (ioctl(faults, UFFDIO_ZEROPAGE, &page)) die("UFFDIO_ZEROPAGE");
  return nothing;
}

static void* read_pipe(void* nothing) {
  sleep_ms(20);
  if (read(pipe_ends[0], buffer, 4096) < 0) die("read");
  return nothing;
}

static int run_hold(char** words) {
  hold_ms = atol(words[0]);
  faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
  struct uffdio_api api = {.api = UFFD_API};
  if (faults < 0 || ioctl(faults, UFFDIO_API, &api) || pipe(pipe_ends)) die("userfaultfd");
  missing = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct uffdio_register range = {.range = {(unsigned long)missing, 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
  if (ioctl(faults, UFFDIO_REGISTER, &range)) die("UFFDIO_REGISTER");
  pthread_t giver, reader;
  pthread_create(&giver, NULL, give_page, NULL);
  if (words[1]) {
    int file = open(words[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    return file < 0 || write(file, missing, 4096) != 4096 || pthread_join(giver, NULL);
  }
  pthread_create(&reader, NULL, read_pipe, NULL);
  if (write(pipe_ends[1], missing, 4096) != 4096) die("write");
  pthread_join(giver, NULL);
  pthread_join(reader, NULL);
  return 0;
}

static pthread_mutex_t contended = PTHREAD_MUTEX_INITIALIZER;

static void* want_mutex(void* nothing) {
  pthread_mutex_lock(&contended);
  pthread_mutex_unlock(&contended);
  return nothing;
}

static int run_contend(char** words) {
  pthread_t other;
  printf("%p\n", (void*)&contended);
  pthread_mutex_lock(&contended);
  pthread_create(&other, NULL, want_mutex, NULL);
  sleep_ms(atol(words[0]));
  pthread_mutex_unlock(&contended);
  pthread_join(other, NULL);
  return 0;
}

static int run_timeouts(char** words) {
  struct timeval limit = {0, atol(words[0]) * 1000};
  int silent = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (silent < 0 || setsockopt(silent, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit)) die("socket");
  for (int i = atoi(words[1]); i > 0; --i) {
    if (recv(silent, buffer, 1, 0) >= 0 || errno != EAGAIN) die("recv");
  }
  return 0;
}

static int run_reboot(char** words) {
  const unsigned command = (unsigned)strtoul(words[0], NULL, 0);
  if (setresuid(65534, 65534, 65534)) die("setresuid");
  return syscall(SYS_reboot, 0xfee1dead, 672274793, command, NULL) == 0 || errno != EPERM;
}

static int run_end(char** words) {
  if (!strcmp(words[0], "abort")) abort();
  if (!strcmp(words[0], "kill")) raise(SIGKILL);
  if (!strcmp(words[0], "fault")) *(volatile char*)missing = 1;
  return atoi(words[0]);
}

static int run_allocate(char** words) {
  for (int i = 0; i < atoi(words[0]); ++i) {
    volatile char* piece = malloc(size_of(words[1]));
    piece[0] = 1;
    if (i % 2) free((void*)piece);
  }
  return 0;
}

static int run_datagrams(char** words) {
  struct sockaddr_storage here;
  socklen_t length = read_address(words[0], words[1], &here);
  ssize_t bytes = (ssize_t)size_of(words[2]);
  int end = socket(here.ss_family, SOCK_DGRAM, 0);
  if (bind(end, (struct sockaddr*)&here, length)) die("bind");
  for (int i = atoi(words[3]); i > 0; --i) {
    if (sendto(end, buffer, (size_t)bytes, 0, (struct sockaddr*)&here, length) != bytes) die("sendto");
    if (recv(end, buffer, sizeof buffer, 0) != bytes) die("recv");
  }
  return 0;
}

static int run_pair(char** words) {
  ssize_t bytes = (ssize_t)size_of(words[0]);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) die("socketpair");
  for (int i = atoi(words[1]); i > 0; --i) {
    if (send(ends[0], buffer, (size_t)bytes, 0) != bytes) die("send");
    if (recv(ends[1], buffer, (size_t)bytes, MSG_WAITALL) != bytes) die("recv");
  }
  return 0;
}

static int run_map(char** words) {
  size_t size = (size_t)atol(words[1]) * 4096;
  int file = open(words[0], O_RDONLY);
  volatile char* memory = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED || madvise((void*)memory, size, MADV_RANDOM)) die(words[0]);
  for (size_t at = 0; at < size; at += 4096) buffer[0] = memory[at];
  return 0;
}

static int run_mappings(char** words) {
  size_t size = (size_t)atol(words[1]);
  for (int i = 0; i < atoi(words[0]); ++i) {
    void* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || (i % 2 && munmap(memory, size))) die("mmap");
  }
  return 0;
}

static int run_eventfds(char** words) {
  for (int i = atoi(words[0]); i > 0; --i) {
    if (close(eventfd(0, 0))) die("eventfd");
  }
  return 0;
}

struct doing {
  const char* name;
  int words;  // at least
  int (*run)(char** words);
};

static const struct doing doings[] = {
    {"read", 3, run_read},         {"readv", 1, run_readv},         {"write", 3, run_write},
    {"direct", 3, run_direct},     {"send", 4, run_send},           {"listen", 3, run_listen},
    {"connect", 2, run_connect},   {"calls", 3, run_calls},         {"sleep", 2, run_sleep},
    {"burn", 1, run_burn},         {"pages", 1, run_pages},         {"huge", 1, run_huge},
    {"start", 2, run_start},       {"blocked", 1, run_blocked},     {"hold", 1, run_hold},
    {"end", 1, run_end},           {"allocate", 2, run_allocate},   {"contend", 1, run_contend},
    {"timeouts", 2, run_timeouts}, {"reboot", 1, run_reboot},       {"sendfile", 3, run_sendfile},
    {"swap", 1, run_swap},         {"datagrams", 4, run_datagrams}, {"pair", 2, run_pair},
    {"map", 2, run_map},           {"mappings", 2, run_mappings},   {"eventfds", 1, run_eventfds},
    {"many", 1, run_many},
};

int main(int argc, char** argv) {
  for (size_t i = 0; argc > 1 && i < sizeof doings / sizeof doings[0]; ++i) {
    if (!strcmp(argv[1], doings[i].name) && argc - 2 >= doings[i].words) return doings[i].run(argv + 2);
  }
  fprintf(stderr, "usage: see the head of workload.c\n");
  return 2;
}
