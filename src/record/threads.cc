#include "record/threads.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "base/file.h"
#include "base/lines.h"
#include "base/number.h"

namespace dtp::record {
namespace {

// The start of a file below `folder`, as long as `room`.
std::string_view read_start(int folder, const char* path, std::span<char> room) {
  const base::Fd file(::openat(folder, path, O_RDONLY | O_CLOEXEC));
  const ssize_t size = file ? ::read(file.get(), room.data(), room.size()) : 0;
  return {room.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

}  // namespace

std::optional<ThreadStat> parse_thread_stat(std::string_view text) {
  const std::size_t begin = text.find('(');
  const std::size_t end = text.rfind(") ");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return std::nullopt;
  ThreadStat stat{.comm = std::string(text.substr(begin + 1, end - begin - 1))};
  text.remove_prefix(end + 2);
  const std::string_view state = base::take_until(text, ' ');
  const auto parent = base::parse_number<std::uint32_t>(base::take_until(text, ' '));
  constexpr int between = 15;  // fields before the number of threads, which is the 20th
  for (int i = 0; i < between; ++i) base::take_until(text, ' ');
  const auto threads = base::parse_number<std::uint64_t>(base::take_until(text, ' '));
  if (state.size() != 1 || !parent || !threads) return std::nullopt;
  stat.state = state.front();
  stat.parent = *parent;
  stat.threads = *threads;
  return stat;
}

Result<Threads> Threads::open() {
  Folder processes(::opendir("/proc"), ::closedir);
  if (!processes) return fail(base::system_error("cannot read", "/proc", errno));
  return Threads(std::move(processes));
}

std::optional<pid_t> Threads::next_process() {
  while (const dirent* entry = ::readdir(processes_.get()))
    if (const auto pid = base::parse_number<pid_t>(entry->d_name)) return pid;
  return std::nullopt;
}

// The file of a process is that of its first thread, which tells how many more there are.
void Threads::look_at(Id id, const std::function<void(const Thread&)>& use) {
  std::array<char, 64> path{};
  if (id.tid == id.pid)
    fmt::format_to_n(path.data(), path.size() - 1, "{}/stat", id.pid);
  else
    fmt::format_to_n(path.data(), path.size() - 1, "{}/task/{}/stat", id.pid, id.tid);
  std::array<char, 512> room{};
  auto stat = parse_thread_stat(read_start(::dirfd(processes_.get()), path.data(), room));
  if (!stat) return;  // it has ended
  const bool has_more = id.tid == id.pid && stat->threads > 1;
  use({id.pid, id.tid, std::move(*stat)});
  if (!has_more) return;
  const Folder threads(::opendir(fmt::format("/proc/{}/task", id.pid).c_str()), ::closedir);
  if (!threads) return;
  while (const dirent* entry = ::readdir(threads.get()))
    if (const auto tid = base::parse_number<pid_t>(entry->d_name); tid && *tid != id.pid)
      waiting_.push_back({id.pid, *tid});
}

bool Threads::look(const std::function<bool()>& may_go_on, const std::function<void(const Thread&)>& use) {
  while (may_go_on()) {
    if (!waiting_.empty()) {
      const Id next = waiting_.back();
      waiting_.pop_back();
      look_at(next, use);
    } else if (const auto process = next_process()) {
      look_at({*process, *process}, use);
    } else {
      ::rewinddir(processes_.get());
      return true;
    }
  }
  return false;
}

void each_thread(const std::function<void(const Thread&)>& use) {
  if (auto threads = Threads::open()) threads->look([] { return true; }, use);
}

}  // namespace dtp::record
