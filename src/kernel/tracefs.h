// The one door to tracefs.
//
// Opening kprobe_events or uprobe_events with O_TRUNC removes the probes of everybody on the
// machine. No method here can do that: files are opened for writing without it, always.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "dtracepp/error.h"

namespace dtp::kernel {

// What a system call gave, or its errno: callers know best what a number means where they are.
template <class T>
using Io = std::expected<T, int>;

// Paths are relative to the root of tracefs: "events/sched/sched_switch/id".
class TraceFs {
 public:
  virtual ~TraceFs() = default;
  virtual Io<std::string> read(const std::string& path) = 0;
  // One write(2) of the whole text. The files of dynamic events take it as an addition.
  virtual Io<void> write(const std::string& path, std::string_view text) = 0;
  // Names in a directory, sorted, without . and ..
  virtual Io<std::vector<std::string>> list(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  // Of instances/: the kernel fills the directory, and empties it before it goes.
  virtual Io<void> make_directory(const std::string& path) = 0;
  virtual Io<void> remove_directory(const std::string& path) = 0;
  // A file to be read again and again, without waiting: per_cpu/cpu0/trace_pipe_raw.
  virtual Io<base::Fd> open_stream(const std::string& path) = 0;
  // From the root of the file system; empty: this one is nowhere.
  virtual std::string absolute(const std::string& /*path*/) const { return ""; }
};

class RealTraceFs final : public TraceFs {
 public:
  explicit RealTraceFs(std::string root) : root_(std::move(root)) {}
  Io<std::string> read(const std::string& path) override;
  Io<void> write(const std::string& path, std::string_view text) override;
  Io<std::vector<std::string>> list(const std::string& path) override;
  bool exists(const std::string& path) override;
  Io<void> make_directory(const std::string& path) override;
  Io<void> remove_directory(const std::string& path) override;
  Io<base::Fd> open_stream(const std::string& path) override;
  std::string absolute(const std::string& path) const override { return root_ + "/" + path; }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

// Where tracefs is mounted; mounts it when nobody did and we may. Its absence is Status::not_possible.
Result<RealTraceFs> find_tracefs();

// "cannot read 'kprobe_events' in tracefs: ..." with a hint where the number tells what to do.
Error tracefs_error(std::string_view doing, std::string_view path, int error_number);

}  // namespace dtp::kernel
