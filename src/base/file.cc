#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace dtp::base {

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

Error system_error(std::string_view doing, std::string_view path, int error_number) {
  std::string reason = ::strerror(error_number);
  reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  Error error{.what = std::string(doing) + " '" + std::string(path) + "': " + reason};
  if (error_number == EACCES || error_number == EPERM || error_number == EROFS) error.status = Status::not_possible;
  return error;
}

Result<Fd> open_file(const std::string& path, int flags) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!fd) return fail(system_error("cannot open", path, errno));
  return fd;
}

Result<Mapping> map_file(const std::string& path) {
  DTP_TRY(const Fd fd, open_file(path, O_RDONLY));
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return fail(system_error("cannot read", path, errno));
  if (S_ISDIR(status.st_mode)) return fail(system_error("cannot read", path, EISDIR));
  if (status.st_size == 0) return Mapping{};
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) return fail(system_error("cannot map", path, errno));
  return Mapping(data, size);
}

Result<std::string> read_file(const std::string& path) {
  DTP_TRY(const Fd fd, open_file(path, O_RDONLY));
  std::string content;
  if (const int error_number = read_rest(fd.get(), content); error_number != 0)
    return fail(system_error("cannot read", path, error_number));
  return content;
}

// Most files are small, and many are read: memory of a string would be cleared before it is read into.
int read_rest(int fd, std::string& content, std::string_view until) {
  std::array<char, 32 * 1024> piece;
  for (;;) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    const std::size_t begin = content.size() - std::min(content.size(), until.size());
    content.append(piece.data(), static_cast<std::size_t>(got));
    if (!until.empty() && content.find(until, begin) != std::string::npos) return 0;
  }
}

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(system_error("cannot write", path, errno));
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

}  // namespace dtp::base
