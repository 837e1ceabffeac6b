#include "base/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace dtp::base {

NewFile::~NewFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<NewFile> NewFile::create(const std::string& path) {
  NewFile file;
  file.path_ = path;
  struct stat status = {};
  if (path == "-") {
    file.fd_ = Fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!file.fd_) return fail(system_error("cannot write", path, errno));
    return file;
  }
  // A link is not replaced: it may be /dev/stdout.
  if (::lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    DTP_TRY(file.fd_, open_file(path, O_WRONLY | O_TRUNC));
    return file;
  }
  std::string name = path + ".XXXXXX";
  file.fd_ = Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!file.fd_) return fail(system_error("cannot create", path, errno));
  file.temporary_ = std::move(name);
  return file;
}

Result<void> NewFile::commit() {
  if (temporary_.empty()) return {};
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return fail(system_error("cannot create", path_, errno));
  temporary_.clear();
  return {};
}

}  // namespace dtp::base
