#include "kernel/caretaker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace dtp::kernel {
namespace {

// Only what is safe after fork.
void undo(const std::vector<Undo>& all) {
  for (const Undo& one : all) {
    const int file = ::open(one.file.c_str(), O_WRONLY | O_APPEND);
    (void)!::write(file, one.text.data(), one.text.size());
    ::close(file);
  }
}

[[noreturn]] void take_care(const char* directory, const std::vector<Undo>& before, const std::vector<Undo>& after,
                            int pipe, int parent) {
  ::setsid();
  constexpr int first_kept = 3;
  const int null = ::open("/dev/null", O_RDWR);
  const int kept_parent = ::fcntl(parent, F_DUPFD, std::max({parent, pipe, first_kept + 1}) + 1);
  for (int standard = 0; standard < first_kept; ++standard) ::dup2(null, standard);
  ::dup2(pipe, first_kept);
  ::dup2(kept_parent, first_kept + 1);
  ::syscall(SYS_close_range, first_kept + 2, ~0U, 0);
  ::prctl(PR_SET_NAME, "dtrace++ care");
  char byte = 0;
  ssize_t got = 0;
  do got = ::read(first_kept, &byte, 1);
  while (got < 0 && errno == EINTR);
  if (got == 1) ::_exit(0);
  // Its descriptors close one after the other, and the directory is in use until the last has.
  pollfd gone{.fd = first_kept + 1, .events = POLLIN, .revents = 0};
  while (::poll(&gone, 1, -1) < 0 && errno == EINTR) {
  }
  undo(before);
  ::rmdir(directory);
  undo(after);
  ::_exit(0);
}

}  // namespace

Caretaker::Caretaker(const std::string& directory, const std::vector<Undo>& before, const std::vector<Undo>& after) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
  const base::Fd waiting(ends[0]);
  alive_ = base::Fd(ends[1]);
  const base::Fd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  if (!self) return;
  pid_ = ::fork();
  if (pid_ == 0) take_care(directory.c_str(), before, after, waiting.get(), self.get());
}

Caretaker::~Caretaker() {
  if (pid_ <= 0) return;
  const char done = 1;
  (void)!::write(alive_.get(), &done, 1);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace dtp::kernel
