// What these files say is untrusted, and so is that they are files: they lie in directories that everyone writes to.
#include "record/jit_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/lines.h"

namespace dtp::record {
namespace {

// Open files are few.
constexpr std::size_t most_processes = 256;

// At a time; of one that grows faster the rest comes the next time.
constexpr std::size_t most_map_bytes = 64 * 1024 * 1024;

std::string map_name(std::string_view pid) { return "perf-" + std::string(pid) + ".map"; }

base::Fd open_in(const base::Fd& root, const std::string& path, std::uint64_t flags) {
  open_how how = {};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  return base::Fd(static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
}

// Regular files only: to open a pipe would wait for its other end.
base::Fd open_regular(const base::Fd& root, const std::string& path) {
  base::Fd fd = open_in(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat status = {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return fd;
}

// The number that the process has in its own namespace: the last one of "NSpid:	4711	7".
std::string own_number(std::uint32_t pid) {
  const auto status = base::read_file("/proc/" + std::to_string(pid) + "/status");
  std::string_view left = status ? std::string_view(*status) : std::string_view();
  while (!left.empty()) {
    const std::string_view line = base::take_line(left);
    if (line.starts_with("NSpid:")) return std::string(line.substr(line.find_last_of(" \t") + 1));
  }
  return std::to_string(pid);
}

}  // namespace

bool is_jit_dump(std::string_view path) {
  constexpr std::string_view begin = "jit-";
  constexpr std::string_view end = ".dump";
  if (!path.starts_with('/')) return false;
  std::string_view name = path.substr(path.rfind('/') + 1);
  if (!name.starts_with(begin) || !name.ends_with(end)) return false;
  name = name.substr(begin.size(), name.size() - begin.size() - end.size());
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

JitFiles JitFiles::of_past(std::uint32_t pid) {
  JitFiles files;
  files.root_ = base::Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  files.directory_ = open_in(files.root_, "tmp", O_PATH | O_DIRECTORY);
  files.map_ = map_name(std::to_string(pid));
  files.owner_ = ::geteuid();
  return files;
}

// What is mounted at its /tmp stays there while the directory is held, also when its namespace has ended.
JitFiles JitFiles::of_running(std::uint32_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  JitFiles files = of_past(pid);
  struct stat status = {};
  if (::stat(folder.c_str(), &status) != 0) return files;
  base::Fd root(::open((folder + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return files;
  files.root_ = std::move(root);
  files.directory_ = open_in(files.root_, "tmp", O_PATH | O_DIRECTORY);
  files.map_ = map_name(own_number(pid));
  files.owner_ = status.st_uid;
  return files;
}

void JitFiles::open_map() {
  base::Fd fd = open_regular(directory_, map_);
  struct stat status = {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return;
  if (status.st_uid == 0 || status.st_uid == owner_) map_file_ = std::move(fd);
}

void JitFiles::add_dump(const std::string& path) {
  dump_file_ = open_regular(root_, path);
  dump_ = {};
}

// Whole lines.
std::string JitFiles::take_map_lines() {
  struct stat status = {};
  if (!map_file_ || ::fstat(map_file_.get(), &status) != 0) return {};
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size <= map_at_) return {};
  std::string text(std::min<std::uint64_t>(size - map_at_, most_map_bytes), '\0');
  const ssize_t got = ::pread(map_file_.get(), text.data(), text.size(), static_cast<off_t>(map_at_));
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  text.resize(text.rfind('\n') + 1);
  map_at_ += text.size();
  return text;
}

JitFunctions JitFiles::read() {
  if (dump_file_) return dump_.read(dump_file_.get());
  if (!map_file_) open_map();
  return parse_perf_map(take_map_lines());
}

void sort_by_time(JitFunctions& functions) { std::ranges::stable_sort(functions, {}, &JitFunction::time_ns); }

void JitWatch::note(const NewMapping& mapping, bool is_running) {
  const bool is_dump = is_jit_dump(mapping.module.path);
  if (!mapping.is_executable || mapping.module.is_kernel || (!is_dump && !is_jit_memory(mapping.module.path))) return;
  auto known = files_.find(mapping.pid);
  if (known == files_.end()) {
    if (files_.size() >= most_processes) return;
    JitFiles files = is_running ? JitFiles::of_running(mapping.pid) : JitFiles::of_past(mapping.pid);
    known = files_.emplace(mapping.pid, std::move(files)).first;
  }
  if (is_dump) known->second.add_dump(mapping.module.path);
}

JitFunctions JitWatch::read(std::uint32_t pid) {
  const auto known = files_.find(pid);
  return known == files_.end() ? JitFunctions{} : known->second.read();
}

const JitProcesses& JitWatch::read_all() {
  for (auto& [pid, files] : files_) {
    JitFunctions more = files.read();
    JitFunctions& all = known_[pid];
    if (all.size() + more.size() > most_jit_functions) continue;
    std::ranges::move(more, std::back_inserter(all));
    sort_by_time(all);
  }
  return known_;
}

}  // namespace dtp::record
