#include "kernel/tracefs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/file.h"

namespace dtp::kernel {
namespace {

constexpr const char* mount_point = "/sys/kernel/tracing";
constexpr const char* old_mount_point = "/sys/kernel/debug/tracing";

// Looking at a directory below debugfs mounts tracefs there by itself.
bool is_tracefs(const char* path) {
  struct statfs status = {};
  return ::statfs(path, &status) == 0 && static_cast<unsigned long>(status.f_type) == TRACEFS_MAGIC;
}

Error no_tracefs(int error_number) {
  if (error_number == EPERM || error_number == EACCES) {
    return {.what = "tracefs is not mounted, and mounting it is not permitted",
            .hint = "run as root, or let root run: mount -t tracefs tracefs /sys/kernel/tracing",
            .status = Status::not_possible};
  }
  return {.what = "this kernel has no tracefs",
          .hint = "dynamic events need a kernel built with CONFIG_TRACING; 'dtrace++ probe -D' works without one",
          .detail = base::system_error("cannot mount tracefs at", mount_point, error_number).what,
          .status = Status::not_possible};
}

}  // namespace

Io<std::string> RealTraceFs::read(const std::string& path) {
  const base::Fd fd(::open((root_ + "/" + path).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::unexpected(errno);
  std::string content;
  if (const int error_number = base::read_rest(fd.get(), content); error_number != 0)
    return std::unexpected(error_number);
  return content;
}

Io<void> RealTraceFs::write(const std::string& path, std::string_view text) {
  const base::Fd fd(::open((root_ + "/" + path).c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!fd) return std::unexpected(errno);
  // Not for ever: of a uprobe that perf uses, EINTR is the kernel's answer.
  constexpr int most_tries = 3;
  ssize_t put = -1;
  errno = EINTR;
  for (int i = 0; i < most_tries && put < 0 && errno == EINTR; ++i) put = ::write(fd.get(), text.data(), text.size());
  if (put < 0) return std::unexpected(errno);
  if (static_cast<std::size_t>(put) != text.size()) return std::unexpected(E2BIG);
  return {};
}

Io<std::vector<std::string>> RealTraceFs::list(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir((root_ + "/" + path).c_str()), ::closedir);
  if (!directory) return std::unexpected(errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool RealTraceFs::exists(const std::string& path) { return ::access((root_ + "/" + path).c_str(), F_OK) == 0; }

Io<void> RealTraceFs::make_directory(const std::string& path) {
  if (::mkdir((root_ + "/" + path).c_str(), 0700) != 0) return std::unexpected(errno);
  return {};
}

Io<void> RealTraceFs::remove_directory(const std::string& path) {
  if (::rmdir((root_ + "/" + path).c_str()) != 0) return std::unexpected(errno);
  return {};
}

Io<base::Fd> RealTraceFs::open_stream(const std::string& path) {
  base::Fd fd(::open((root_ + "/" + path).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return std::unexpected(errno);
  return fd;
}

Result<RealTraceFs> find_tracefs() {
  const char* root = is_tracefs(mount_point) ? mount_point : is_tracefs(old_mount_point) ? old_mount_point : nullptr;
  if (root == nullptr) {
    constexpr unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (::mount("tracefs", mount_point, "tracefs", flags, nullptr) != 0) return fail(no_tracefs(errno));
    root = mount_point;
  }
  if (::access(root, R_OK | X_OK) != 0) return fail(tracefs_error("cannot use", "/", errno));
  return RealTraceFs(root);
}

Error tracefs_error(std::string_view doing, std::string_view path, int error_number) {
  if (error_number == EACCES || error_number == EPERM) {
    return {.what = "tracing is not permitted for this user",
            .hint = "run as root: sudo dtrace++ ...",
            .detail = base::system_error(doing, path, error_number).what + " (in tracefs)",
            .status = Status::not_possible};
  }
  Error error = base::system_error(doing, path, error_number);
  error.what += " (in tracefs)";
  return error;
}

}  // namespace dtp::kernel
