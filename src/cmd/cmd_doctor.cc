// dtrace++ doctor: what this kernel, this user and these debug files allow, and what to do about the rest.
// Each line of the answer is found by one check, by trying rather than by version numbers.
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/file.h"
#include "cmd/command.h"
#include "debug/cache.h"
#include "debug/find.h"
#include "kernel/abilities.h"
#include "kernel/perf_event.h"
#include "kernel/tracefs.h"

namespace dtp::cmd {
namespace {

enum class Verdict { ok, missing, optional };  // optional: missing, and nothing of ours depends on it

struct Finding {
  Verdict verdict = Verdict::ok;
  std::string found = {};  // what is there, or why not
  std::string hint = {};   // what to do
};

// What the checks look at.
struct World {
  Result<kernel::RealTraceFs> tracefs = kernel::find_tracefs();
};

constexpr const char* as_root = "run as root";

Finding yes(std::string found) { return {.found = std::move(found)}; }
Finding no(std::string found, std::string hint) { return {Verdict::missing, std::move(found), std::move(hint)}; }

bool is_permission(int error_number) { return error_number == EPERM || error_number == EACCES; }

std::string first_line(const std::string& path) {
  const std::string text = base::read_file(path).value_or("");
  return text.substr(0, text.find('\n'));
}

Finding check_kernel(World&) { return yes(debug::kernel_release()); }

Finding check_user(World&) {
  if (::geteuid() == 0) return yes("root");
  return no(fmt::format("uid {}", ::geteuid()),
            "run as root to probe and to record; 'probe -D', 'funcs', 'vars' and 'show' need no rights");
}

Finding check_tracefs(World& world) {
  if (world.tracefs) return yes(world.tracefs->root());
  return no(world.tracefs.error().what, world.tracefs.error().hint);
}

Finding check_lockdown(World&) {
  const std::string text = first_line("/sys/kernel/security/lockdown");
  if (text.empty() || text.contains("[none]")) return yes("none");
  const std::size_t begin = text.find('[') + 1;
  return no(text.substr(begin, text.find(']') - begin),
            "the kernel was booted locked down: it may refuse probes that read memory");
}

// What an unsuccessful trial means; `without` is what to do when the kernel has no such thing.
Finding explain(const kernel::Io<void>& tried, const char* without) {
  if (is_permission(tried.error()))
    return no("not permitted", ::geteuid() == 0 ? "the kernel is locked down" : as_root);
  if (tried.error() == ENOENT || tried.error() == EINVAL || tried.error() == EOPNOTSUPP)
    return no("not in this kernel", without);
  return no(::strerror(tried.error()), without);
}

Finding check_kprobes(World& world) {
  if (!world.tracefs) return no("needs tracefs", "");
  auto tried = kernel::try_definition(*world.tracefs, "kprobe_events", 'p', "vfs_read");
  if (tried) tried = kernel::try_definition(*world.tracefs, "kprobe_events", 'r', "vfs_read $retval");
  if (tried) return yes("functions of the kernel and their returns");
  return explain(tried, "boot one with CONFIG_KPROBE_EVENTS, in a virtual machine for example");
}

Finding check_uprobes(World& world) {
  if (!world.tracefs) return no("needs tracefs", "");
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error).string();
  const auto tried = kernel::try_definition(*world.tracefs, "uprobe_events", 'p', self + ":0x40");
  if (tried) return yes("functions of programs and libraries (-x FILE) and their returns");
  return explain(tried, "boot one with CONFIG_UPROBE_EVENTS");
}

Finding check_return_arguments(World& world) {
  if (!world.tracefs) return no("needs tracefs", "");
  const auto tried = kernel::try_definition(*world.tracefs, "kprobe_events", 'r', "vfs_read $arg1");
  if (tried) return yes("a function's parameters are known at its return");
  return {Verdict::optional, explain(tried, "").found, "probe the entry for a function's parameters"};
}

Finding check_fprobes(World& world) {
  if (!world.tracefs) return no("needs tracefs", "");
  const auto tried = kernel::try_definition(*world.tracefs, "dynamic_events", 'f', "vfs_read count");
  if (tried) return yes("entries and returns of functions at less cost: --fprobe");
  return {Verdict::optional, explain(tried, "").found, "dtrace++ does without"};
}

Finding check_event_probes(World& world) {
  if (!world.tracefs) return no("needs tracefs", "");
  const auto tried = kernel::try_definition(*world.tracefs, "dynamic_events", 'e', "sched.sched_process_exit pid=$pid");
  if (tried) return yes("what tracepoints recorded, and what its pointers point to: SYSTEM:TRACEPOINT");
  return {Verdict::optional, explain(tried, "").found, "of tracepoints dtrace++ has their plain fields"};
}

Finding check_histograms(World& world) {
  if (!world.tracefs) return no("needs tracefs", "");
  if (world.tracefs->exists("events/sched/sched_process_exit/hist")) return yes("counted in the kernel");
  return {Verdict::optional, "not in this kernel", "dtrace++ does without"};
}

Finding check_recording(World& world) {
  if (!world.tracefs) return no("needs tracefs", "");
  const auto all = kernel::try_recording(*world.tracefs, true);
  if (all) return yes(kernel::counts_lost() ? "the whole system; losses counted event by event" : "the whole system");
  const std::string paranoid = first_line("/proc/sys/kernel/perf_event_paranoid");
  const std::string hint = is_permission(all.error())
                               ? fmt::format("run as root, or: sysctl kernel.perf_event_paranoid=-1 (now {})", paranoid)
                               : "needs CONFIG_PERF_EVENTS";
  if (kernel::try_recording(*world.tracefs, false)) return no("own processes only", hint);
  return no(is_permission(all.error()) ? "not permitted" : ::strerror(all.error()), hint);
}

Finding check_btf(World&) {
  constexpr const char* file = "/sys/kernel/btf/vmlinux";
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (!error && ::access(file, R_OK) == 0)
    return yes(
        fmt::format("{} ({:.1f} MB): arguments at kernel function entries", file, static_cast<double>(size) / 1e6));
  return no("not in this kernel",
            "without debug information only raw fetch-args such as %di work; needs CONFIG_DEBUG_INFO_BTF");
}

Finding check_debug_file(World&) {
  const debug::Search search = debug::find_kernel_debug_file({.bytes = 0});
  if (!search.found.empty()) return yes(search.found);
  const bool is_debian = first_line("/proc/version").contains("Debian");
  const std::string how = is_debian ? "apt install linux-image-" + debug::kernel_release() + "-dbg"
                                    : "get the vmlinux of this very build, or say -k VMLINUX";
  return no("none of the running kernel", how + " (needed for local variables, inlined functions and lines)");
}

Finding check_cache(World&) {
  const debug::Cache cache = debug::Cache::of_user();
  const std::string why = cache.why_unused();
  if (why.empty()) return yes(cache.directory());
  return {Verdict::optional, why, "compressed debug information is unpacked anew each time"};
}

// Without rights, and with kptr_restrict for root too, every address reads as zero. Those of per-CPU data do anyway.
Finding check_symbols(World&) {
  const std::string text = base::read_file("/proc/kallsyms").value_or("");
  const std::size_t code = text.find(" T ");
  if (code == std::string::npos) return no("no /proc/kallsyms", "boot a kernel with CONFIG_KALLSYMS");
  const std::size_t line = text.rfind('\n', code) + 1;
  if (text.find_first_not_of('0', line) < code) return yes("/proc/kallsyms");
  return no("addresses are hidden", ::geteuid() == 0 ? "sysctl kernel.kptr_restrict=1" : as_root);
}

Finding check_guest(World&) {
  std::string path = ::getenv("PATH") == nullptr ? "" : ::getenv("PATH");
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::string file = path.substr(at, end - at) + "/qemu-system-x86_64";
    if (::access(file.c_str(), X_OK) == 0) return yes(file);
    at = end + 1;
  }
  return no("no QEMU", "to try kernel probes without risk: apt install qemu-system-x86");
}

struct Check {
  const char* name;
  Finding (*find)(World&);
};

constexpr Check checks[] = {
    {"kernel", check_kernel},         {"user", check_user},
    {"tracefs", check_tracefs},       {"lockdown", check_lockdown},
    {"kprobes", check_kprobes},       {"uprobes", check_uprobes},
    {"recording", check_recording},   {"BTF", check_btf},
    {"debug file", check_debug_file}, {"cache", check_cache},
    {"symbols", check_symbols},       {"event probes", check_event_probes},
    {"fprobes", check_fprobes},       {"return args", check_return_arguments},
    {"histograms", check_histograms}, {"virtual machine", check_guest},
};

constexpr const char* spell(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok: return "ok";
    case Verdict::missing: return "missing";
    case Verdict::optional: return "-";
  }
  return "";
}

int examine() {
  World world;
  for (const Check& check : checks) {
    const Finding finding = check.find(world);
    fmt::print("{:<8} {:<16} {}", spell(finding.verdict), check.name, finding.found);
    fmt::print("{}{}\n", finding.hint.empty() ? "" : ": ", finding.hint);
  }
  return 0;
}

}  // namespace

void add_doctor(Registry& registry) {
  auto* command = registry.app.add_subcommand(
      "doctor", "say what this kernel and this user allow, and what to do about what is missing");
  command->callback([&registry] { registry.run = examine; });
}

}  // namespace dtp::cmd
