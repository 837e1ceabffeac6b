// A program whose doings are known exactly: the ground truth of the guest tests.
//
//   workload read FILE BYTES COUNT              opens FILE and reads BYTES from its start, COUNT times
//   workload send ADDRESS PORT BYTES COUNT...   serves ADDRESS:PORT itself; sends BYTES in one piece, COUNT times
//                                               (BYTES COUNT may be repeated)
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
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

static int send_to(const char* address, const char* port, char** sizes) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  if (inet_pton(AF_INET, address, &to.sin_addr) != 1) die(address);
  int one = 1;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr*)&to, sizeof to) || listen(listener, 1)) die("listen");
  pid_t server = fork();
  if (server < 0) die("fork");
  if (server == 0) serve(listener);

  int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(connection, (struct sockaddr*)&to, sizeof to)) die("connect");
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

int main(int argc, char** argv) {
  if (argc == 5 && !strcmp(argv[1], "read")) return read_file(argv[2], size_of(argv[3]), atoi(argv[4]));
  if (argc >= 6 && !strcmp(argv[1], "send")) return send_to(argv[2], argv[3], argv + 4);
  fprintf(stderr, "usage: workload read FILE BYTES COUNT | send ADDRESS PORT BYTES COUNT...\n");
  return 2;
}
