#include "kernel/perf_event.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

namespace dtp::kernel {
namespace {

// All registers of x86-64 that user space has of its own: not the segments DS, ES, FS, GS.
constexpr std::uint64_t user_registers = 0xff0fff;

constexpr int kernel_enotsupp = 524;  // ENOTSUPP of the kernel, which has no name in user space

perf_event_attr common_attr(std::size_t ring_bytes) {
  perf_event_attr attr = {};
  attr.size = sizeof attr;
  attr.sample_period = 1;
  attr.sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU |
                     PERF_SAMPLE_PERIOD | PERF_SAMPLE_RAW;
  attr.read_format = PERF_FORMAT_ID;
  attr.disabled = 1;
  attr.sample_id_all = 1;
  attr.watermark = 1;
  attr.wakeup_watermark = static_cast<std::uint32_t>(ring_bytes / 4);
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  return attr;
}

Io<base::Fd> open_event(const perf_event_attr& attr, int whose, int cpu, unsigned long flags) {
  base::Fd fd(static_cast<int>(::syscall(SYS_perf_event_open, &attr, whose, cpu, -1, PERF_FLAG_FD_CLOEXEC | flags)));
  if (!fd) return std::unexpected(errno);
  return fd;
}

}  // namespace

perf_event_attr tracepoint_attr(std::uint64_t id, std::size_t ring_bytes) {
  perf_event_attr attr = common_attr(ring_bytes);
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.config = id;
  return attr;
}

perf_event_attr clock_attr(std::uint64_t hz, std::size_t ring_bytes) {
  perf_event_attr attr = common_attr(ring_bytes);
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.freq = 1;
  attr.sample_freq = hz;
  return attr;
}

perf_event_attr dummy_attr(std::size_t ring_bytes) {
  perf_event_attr attr = common_attr(ring_bytes);
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_DUMMY;
  attr.exclude_kernel = 1;
  attr.exclude_hv = 1;
  attr.mmap = 1;
  attr.mmap2 = 1;
  attr.comm = 1;
  attr.comm_exec = 1;
  attr.task = 1;
  return attr;
}

void add_stacks(perf_event_attr& attr, const StackOptions& options) {
  if (options.kind == Stacks::none) return;
  attr.sample_type |= PERF_SAMPLE_CALLCHAIN;
  if (options.kind != Stacks::copies) return;
  attr.sample_type |= PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
  attr.sample_regs_user = user_registers;
  attr.sample_stack_user = options.copied_bytes;
  attr.exclude_callchain_user = 1;
}

bool knows_build_ids() {
  perf_event_attr attr = dummy_attr(0);
  attr.build_id = 1;
  return open_perf_event(attr, 0, -1).has_value();
}

bool counts_lost() {
  perf_event_attr attr = dummy_attr(0);
  attr.read_format |= PERF_FORMAT_LOST;
  return open_perf_event(attr, 0, -1).has_value();
}

Io<base::Fd> open_perf_event(const perf_event_attr& attr, pid_t pid, int cpu) { return open_event(attr, pid, cpu, 0); }

Io<base::Fd> open_cgroup_event(const perf_event_attr& attr, int cgroup_fd, int cpu) {
  return open_event(attr, cgroup_fd, cpu, PERF_FLAG_PID_CGROUP);
}

Error cannot_record(const std::string& name, const std::string& step, int error_number) {
  const std::string detail = base::system_error(step, name, error_number).what;
  switch (error_number) {
    case EACCES:
    case EPERM:
      return {.what = "recording '" + name + "' is not permitted for this user",
              .hint = "run as root: sudo dtrace++ ...",
              .detail = detail + ", see /proc/sys/kernel/perf_event_paranoid",
              .status = Status::not_possible};
    case ENOSYS:
      return {.what = "this kernel has no perf events",
              .hint = "recording needs a kernel with CONFIG_PERF_EVENTS",
              .detail = detail,
              .status = Status::not_possible};
    case EMFILE:
    case ENFILE:
      return {.what = "not enough file descriptors to record '" + name + "'",
              .hint = "raise the limit (ulimit -n), or watch fewer events, threads or CPUs",
              .detail = detail,
              .status = Status::not_possible};
    case EINTR:
      return {.what = "'" + name + "' is being recorded in another way",
              .hint = "the kernel gives the probe of a program to perf's rings (record -g, -p, a command) or to those of "
                      "tracefs (record -a), not to both: end the other recording, or record as it does",
              .detail = detail};
    case kernel_enotsupp:
    case EOPNOTSUPP:
      return {.what = "the kernel cannot put the probe of '" + name + "' on the instruction at its place",
              .hint = "choose another offset: FUNC+OFFSET",
              .detail = detail};
    case EINVAL:
      return {.what = "the kernel cannot record '" + name + "'",
              .hint = "a probe past the end of its file is taken but cannot be used: dtrace++ list " + name,
              .detail = detail};
    default: break;
  }
  Error error = base::system_error("cannot record", name, error_number);
  error.detail = detail;
  return error;
}

}  // namespace dtp::kernel
