// /proc/PID/root leads into the root of a process, also in another mount namespace, but an absolute symbolic link in
// there leads out again. So the file is opened within that root first (openat2(2), RESOLVE_IN_ROOT), and then a path is
// looked for that leads to the same inode: the kernel looks at the path of a uprobe once, when it is defined. The
// file's path in our own root comes first: it stays true when the process has ended.
#include "debug/process_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <vector>

#include "base/file.h"
#include "base/lines.h"
#include "base/suggest.h"

namespace dtp::debug {
namespace {

namespace fs = std::filesystem;

// Where the dynamic linker looks when no program says otherwise: what ld.so.conf(5) names, then the usual ones.
std::vector<std::string> library_folders() {
  std::vector<std::string> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/etc/ld.so.conf.d", error)) {
    const std::string text = base::read_file(entry.path().string()).value_or("");
    std::string_view rest = text;
    while (!rest.empty()) folders.emplace_back(base::take_line(rest));
  }
  std::ranges::sort(folders);
  for (const char* usual :
       {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"})
    folders.emplace_back(usual);
  return folders;
}

std::string directory_of(int pid) { return fmt::format("/proc/{}", pid); }

Error not_permitted(int pid) {
  return {.what = fmt::format("cannot look into process {}: permission denied", pid),
          .hint = "run as root, or as the user of that process",
          .status = Status::not_possible};
}

Error describe(int error_number, int pid, const std::string& path) {
  if (error_number == EACCES || error_number == EPERM) return not_permitted(pid);
  Error error = base::system_error("cannot open", path, error_number);
  error.what += fmt::format(", as process {} sees it", pid);
  return error;
}

Result<void> check_exists(int pid) {
  if (::access(directory_of(pid).c_str(), F_OK) == 0) return {};
  return fail({.what = fmt::format("there is no process {}", pid), .status = Status::wrong_request});
}

std::string read_link(const std::string& path) {
  std::error_code error;
  return std::filesystem::read_symlink(path, error).string();
}

bool is_same_file(int fd, const std::string& path) {
  struct stat one = {}, other = {};
  return ::fstat(fd, &one) == 0 && ::stat(path.c_str(), &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

std::string file_name(std::string path) {
  constexpr std::string_view mark = " (deleted)";
  if (path.ends_with(mark)) path.resize(path.size() - mark.size());
  return std::filesystem::path(path).filename().string();
}

// `fallback` leads there as well, by a link of the kernel's.
Result<ProcessFile> path_to(const base::Fd& fd, int pid, const std::string& fallback) {
  const std::string real = read_link(fmt::format("/proc/self/fd/{}", fd.get()));
  const std::string root = directory_of(pid) + "/root";
  std::string inside = real;
  if (const std::string base = read_link(root); base != "/" && real.starts_with(base + "/"))
    inside.erase(0, base.size());
  for (const std::string& path : {real, root + inside, fallback})
    if (is_same_file(fd.get(), path)) return ProcessFile{path, file_name(real)};
  return fail({.what = fmt::format("no path leads to '{}' of process {}", real, pid), .status = Status::not_possible});
}

// One line of /proc/PID/maps that is executable: "7f00-7f10 r-xp 00000000 fd:01 42    /usr/lib/libc.so.6".
struct Mapped {
  std::string range = {};
  std::string path = {};
};

std::vector<Mapped> parse_maps(std::string_view text) {
  std::vector<Mapped> files;
  while (!text.empty()) {
    const std::string_view line = base::take_line(text);
    const std::size_t slash = line.find('/');
    const std::size_t modes = line.find(' ');
    if (slash == std::string_view::npos || line.substr(modes + 1, 4).find('x') == std::string_view::npos) continue;
    files.push_back({std::string(line.substr(0, modes)), std::string(line.substr(slash))});
  }
  return files;
}

Result<base::Fd> open_in_root(int pid, const std::string& path) {
  const base::Fd root(::open((directory_of(pid) + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return fail(describe(errno, pid, path));
  open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  base::Fd fd(static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
  if (!fd) return fail(describe(errno, pid, path));
  return fd;
}

// A deleted file is reached by its mapping, for which the kernel asks for more rights than for a path.
Result<ProcessFile> path_to_mapped(int pid, const Mapped& mapped) {
  const std::string link = directory_of(pid) + "/map_files/" + mapped.range;
  const base::Fd fd(::open(link.c_str(), O_PATH | O_CLOEXEC));
  if (fd) return path_to(fd, pid, link);
  return find_in_root(pid, mapped.path);
}

}  // namespace

bool is_called(std::string_view file, std::string_view name) {
  if (!file.starts_with(name)) return false;
  return file.size() == name.size() || file[name.size()] == '.' || file[name.size()] == '-';
}

Result<ProcessFile> find_program(int pid) {
  DTP_CHECK(check_exists(pid));
  const std::string link = directory_of(pid) + "/exe";
  const base::Fd fd(::open(link.c_str(), O_PATH | O_CLOEXEC));
  if (fd) return path_to(fd, pid, link);
  if (errno != ENOENT) return fail(describe(errno, pid, link));
  return fail({.what = fmt::format("process {} has no program: it is a thread of the kernel", pid),
               .status = Status::wrong_request});
}

Result<ProcessFile> find_in_root(int pid, const std::string& path) {
  DTP_CHECK(check_exists(pid));
  DTP_TRY(const base::Fd fd, open_in_root(pid, path));
  return path_to(fd, pid, directory_of(pid) + "/root" + path);
}

Result<ProcessFile> find_mapped(int pid, const std::string& name) {
  DTP_CHECK(check_exists(pid));
  const auto maps = base::read_file(directory_of(pid) + "/maps");
  if (!maps) return fail(not_permitted(pid));
  std::map<std::string, Mapped> found;  // by path
  for (const Mapped& mapped : parse_maps(*maps)) {
    const std::string file = file_name(mapped.path);
    if (file == name) return path_to_mapped(pid, mapped);
    if (is_called(file, name)) found.emplace(mapped.path, mapped);
  }
  if (found.empty()) return ProcessFile{};
  if (found.size() == 1) return path_to_mapped(pid, found.begin()->second);
  std::vector<std::string> paths;
  for (const auto& [path, mapped] : found) paths.push_back(path);
  return fail({.what = fmt::format("'{}' can be several files of process {}: {}", name, pid, fmt::join(paths, ", ")),
               .hint = "give its whole name",
               .status = Status::wrong_request});
}

Result<ProcessFile> find_mapping(int pid, std::uint64_t start, std::uint64_t end) {
  const std::string link = fmt::format("{}/map_files/{:x}-{:x}", directory_of(pid), start, end);
  const base::Fd fd(::open(link.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) return fail(describe(errno, pid, link));
  return path_to(fd, pid, link);
}

std::string find_by_name(const std::string& name) {
  std::vector<std::string> folders;
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr || name.contains(".so") ? "" : path;
  while (!rest.empty()) folders.emplace_back(base::take_until(rest, ':'));
  if (name.contains(".so")) folders = library_folders();
  for (const std::string& folder : folders) {
    if (!folder.starts_with('/')) continue;
    const std::string found = folder + "/" + name;
    std::error_code error;
    if (fs::is_regular_file(found, error)) return found;
  }
  return "";
}

Result<std::string> find_running(const std::string& name) {
  const bool is_library = name.contains(".so");
  std::string path;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const int pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    // Programs are known without reading what each process has mapped.
    if (!is_library && !is_called(file_name(read_link(directory_of(pid) + "/exe")), name)) continue;
    const auto found = is_library ? find_mapped(pid, name) : find_program(pid);
    if (!found || found->path.empty()) continue;  // it has ended, or is not ours to look into
    if (path.empty()) path = found->path;
    if (!fs::equivalent(path, found->path, error))
      return fail({.what = fmt::format("processes run several '{}': '{}' and '{}'", name, path, found->path),
                   .hint = "say which is meant by its path, or a process by -p",
                   .status = Status::wrong_request});
  }
  return path;
}

std::string root_of(std::string_view path) {
  constexpr std::string_view proc = "/proc/";
  if (!path.starts_with(proc)) return "";
  const std::size_t end = path.find('/', proc.size());
  const std::string_view pid = path.substr(proc.size(), end - proc.size());
  const bool is_pid = !pid.empty() && std::ranges::all_of(pid, [](char c) { return c >= '0' && c <= '9'; });
  return is_pid && end != std::string_view::npos ? std::string(path.substr(0, end)) + "/root" : "";
}

std::string inside_root(const std::string& path) {
  const std::string root = root_of(path);
  return !root.empty() && path.starts_with(root + "/") ? path.substr(root.size()) : path;
}

}  // namespace dtp::debug
