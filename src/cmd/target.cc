#include "cmd/target.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "cmd/tracepoint.h"
#include "debug/cache.h"
#include "debug/find.h"
#include "debug/process_files.h"
#include "kernel/abilities.h"
#include "kernel/forbidden.h"
#include "kernel/tracefs.h"

namespace dtp::cmd {
namespace {

constexpr const char* kernel_btf = "/sys/kernel/btf/vmlinux";
constexpr const char* kallsyms = "/proc/kallsyms";
constexpr int largest_pid = 1 << 22;

void use(OpenTarget& opened) {
  opened.target.info = opened.info.get();
  if (!opened.binary) return;
  opened.target.file = &opened.binary->file;
  opened.target.symbols = [&opened]() -> const debug::Symbols& { return opened.binary->symbols; };
  opened.target.jump_targets = [&opened]() -> const arch::JumpTargets& {
    if (!opened.jump_targets) opened.jump_targets.emplace(opened.binary->file.code());
    return *opened.jump_targets;
  };
}

// Reading /proc/kallsyms costs more than all the rest, and BTF often answers without it. Where it cannot be read,
// the kernel's word on a name is the only one.
void use_kallsyms(OpenTarget& opened, const std::string& module) {
  opened.target.symbols = [&opened, module]() -> const debug::Symbols& {
    if (!opened.symbols) {
      auto read = debug::Symbols::of_kallsyms(kallsyms, module);
      opened.symbols = read ? std::move(*read) : debug::Symbols();
    }
    return *opened.symbols;
  };
}

// A separate debug file has the symbols that the stripped program lacks.
Result<void> open_debug_file(OpenTarget& opened, const debug::Search& search, bool symbols_only,
                             const debug::Cache& cache) {
  if (search.found.empty()) {
    opened.target.why_no_info = debug::looked_text(search);
    return {};
  }
  if (search.found == opened.binary->file.path()) {
    opened.debug_binary = opened.binary;
  } else {
    DTP_TRY(opened.debug_binary, debug::open_binary(search.found));
  }
  if (symbols_only) return {};
  DTP_TRY(opened.info, debug::open_dwarf(opened.debug_binary, cache));
  return {};
}

// A file's place in our own root; one of another root is given by a path through /proc.
Result<debug::ProcessFile> find_own(const std::string& path) {
  if (const std::string inside = debug::inside_root(path); inside != path)
    return debug::find_in_root(std::atoi(path.c_str() + std::string_view("/proc/").size()), inside);
  std::error_code error;
  std::string real = std::filesystem::canonical(path, error).string();
  if (error && !path.contains('/')) {
    if (const std::string found = debug::find_by_name(path); !found.empty())
      real = std::filesystem::canonical(found, error).string();
  }
  if (error) return fail(base::system_error("cannot open", path, error.value()));
  return debug::ProcessFile{real, std::filesystem::path(real).filename().string()};
}

Result<debug::ProcessFile> find_of_process(int pid, const std::string& path, bool by_mapping) {
  if (path.empty()) return debug::find_program(pid);
  if (path.starts_with('/')) return debug::find_in_root(pid, path);
  if (by_mapping && path.find('/') == std::string::npos) {
    DTP_TRY(auto mapped, debug::find_mapped(pid, path));
    if (!mapped.path.empty()) return mapped;
    if (::access(path.c_str(), F_OK) != 0)
      return fail({.what = fmt::format("process {} has no program or library '{}'", pid, path),
                   .hint = fmt::format("those that it has: grep r-xp /proc/{}/maps", pid),
                   .status = Status::wrong_request});
  }
  return find_own(path);
}

Result<debug::ProcessFile> find_executable(const TargetOptions& options) {
  if (options.target_ns != 0) return find_of_process(options.target_ns, options.executable, false);
  if (options.pids.empty()) return find_own(options.executable);
  DTP_TRY(const auto found, find_of_process(options.pids.front(), options.executable, true));
  for (const int pid : options.pids) {
    DTP_TRY(const auto other, find_of_process(pid, options.executable, true));
    if (!std::filesystem::equivalent(found.path, other.path))
      return fail({.what = fmt::format("processes {} and {} have different files: '{}' and '{}'", options.pids.front(),
                                       pid, found.path, other.path),
                   .hint = "probe one after the other",
                   .status = Status::wrong_request});
  }
  return found;
}

Result<std::unique_ptr<OpenTarget>> open_user(const debug::ProcessFile& found, bool symbols_only,
                                              const debug::Cache& cache, const debug::DownloadLimits& downloads) {
  auto opened = std::make_unique<OpenTarget>();
  DTP_TRY(opened->binary, debug::open_binary(found.path));
  opened->target.kind = lower::Target::Kind::user;
  opened->target.object = found.path;
  opened->target.name = found.name;
  opened->target.info_hint = "install its debug symbols, or use registers and offsets: +0(%di):string";
  if (!symbols_only || !opened->binary->file.has_section(".symtab"))
    DTP_CHECK(open_debug_file(*opened, debug::find_debug_file(opened->binary->file, downloads), symbols_only, cache));
  use(*opened);
  if (opened->debug_binary && opened->debug_binary != opened->binary &&
      opened->binary->symbols.all().size() < opened->debug_binary->symbols.all().size())
    opened->target.symbols = [&target = *opened]() -> const debug::Symbols& { return target.debug_binary->symbols; };
  return opened;
}

// A vmlinux file: offline, whatever kernel runs here.
Result<std::unique_ptr<OpenTarget>> open_vmlinux(const std::string& path, bool symbols_only,
                                                 const debug::Cache& cache) {
  auto opened = std::make_unique<OpenTarget>();
  DTP_TRY(opened->binary, debug::open_binary(path));
  if (symbols_only) {
    use(*opened);
    return opened;
  }
  if (debug::has_dwarf(opened->binary->file)) {
    DTP_TRY(opened->info, debug::open_dwarf(opened->binary, cache));
  } else if (opened->binary->file.has_section(".BTF")) {
    DTP_TRY(opened->info, debug::open_btf(path, ""));
  } else {
    return fail({.what = fmt::format("'{}' has no debug information", path),
                 .hint = "give the vmlinux of the kernel's debug symbols package",
                 .status = Status::not_possible});
  }
  use(*opened);
  return opened;
}

// Where there is no DWARF: `search` says where it was looked for.
void use_btf(OpenTarget& opened, Result<std::unique_ptr<debug::Info>> btf, const debug::Search& search) {
  if (btf)
    opened.info = std::move(*btf);
  else
    opened.target.why_no_info = debug::looked_text(search);
  opened.target.info_hint = "install the kernel's debug symbols, or use $arg1, $arg2, ... and offsets";
}

Result<std::unique_ptr<OpenTarget>> open_kernel(bool symbols_only, const debug::Cache& cache,
                                                const debug::DownloadLimits& downloads) {
  const debug::Search search = debug::find_kernel_debug_file(downloads);
  if (!search.found.empty()) return open_vmlinux(search.found, symbols_only, cache);
  auto opened = std::make_unique<OpenTarget>();
  use_kallsyms(*opened, "");
  if (symbols_only) {
    use(*opened);
    return opened;
  }
  use_btf(*opened, debug::open_btf(kernel_btf, ""), search);
  use(*opened);
  return opened;
}

std::string module_name(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  name = name.substr(0, name.find(".ko"));
  std::ranges::replace(name, '-', '_');
  return name;
}

Result<std::unique_ptr<OpenTarget>> open_module_file(const std::string& path, const debug::Cache& cache) {
  auto opened = std::make_unique<OpenTarget>();
  DTP_TRY(opened->binary, debug::open_binary(path));
  opened->target.kind = lower::Target::Kind::module;
  opened->target.object = module_name(path);
  if (debug::has_dwarf(opened->binary->file)) {
    DTP_TRY(opened->info, debug::open_dwarf(opened->binary, cache));
  }
  use(*opened);
  return opened;
}

Result<std::unique_ptr<OpenTarget>> open_module(const std::string& module, const debug::Cache& cache) {
  if (module.find('/') != std::string::npos || module.ends_with(".ko")) return open_module_file(module, cache);
  const debug::Search search = debug::find_module_file(module);
  if (!search.found.empty()) {
    auto opened = open_module_file(search.found, cache);
    if (opened && (*opened)->info) return opened;
  }
  auto opened = std::make_unique<OpenTarget>();
  use_kallsyms(*opened, module);
  if (opened->target.symbols().all().empty())
    return fail({.what = fmt::format("the module '{}' is not loaded", module),
                 .hint = "load it, or give the path of its .ko file",
                 .status = Status::not_possible});
  opened->target.kind = lower::Target::Kind::module;
  opened->target.object = module;
  use_btf(*opened, debug::open_btf("/sys/kernel/btf/" + module, kernel_btf), search);
  use(*opened);
  return opened;
}

// Functions in which the running kernel takes no probe.
void use_forbidden(OpenTarget& opened) {
  auto tracefs = kernel::find_tracefs();
  if (!tracefs) return;
  const auto owned = std::make_shared<kernel::RealTraceFs>(std::move(*tracefs));
  opened.target.why_forbidden = [owned, forbidden = std::make_shared<kernel::Forbidden>(*owned)](
                                    const std::string& function) { return forbidden->why(function); };
}

// The kernel's ways: said, or asked of the kernel that runs here, when it is the one that the probes are for.
void use_ways(OpenTarget& opened, const TargetOptions& options) {
  opened.target.by_function_probes = options.by_function_probes;
  const bool is_here = options.vmlinux.empty() && !options.module.ends_with(".ko");
  if (is_here)
    opened.target.knows_symbol = [](const std::string& symbol) { return debug::kallsyms_has(kallsyms, symbol); };
  if (!options.kernel_has.empty()) {
    opened.target.ways = [said = options.kernel_has] {
      const auto has = [&](const char* way) { return std::ranges::find(said, way) != said.end(); };
      return lower::Ways{has("return-args"), has("fprobes"), has("path-names")};
    };
  } else if (is_here) {
    if (options.is_live) use_forbidden(opened);
    opened.target.ways = [] {
      auto tracefs = kernel::find_tracefs();
      if (!tracefs) return lower::Ways{};
      const kernel::Grammar grammar = kernel::read_grammar(*tracefs);
      return lower::Ways{grammar.arguments_at_return, grammar.function_probes, grammar.path_names};
    };
  }
}

Result<void> check_options(const TargetOptions& options) {
  const auto wrong = [](const char* what, const char* hint = "") {
    return fail({.what = what, .hint = hint, .status = Status::wrong_request});
  };
  const bool is_user = !options.executable.empty();
  if (is_user + !options.module.empty() + !options.vmlinux.empty() > 1)
    return wrong("-x, -m and -k exclude each other");
  if (!options.pids.empty() && (!options.module.empty() || !options.vmlinux.empty()))
    return wrong("-p is for programs and libraries, -m and -k are for the kernel");
  if (!options.pids.empty() && options.target_ns != 0) return wrong("-p and --target-ns exclude each other");
  if (options.target_ns != 0 && !is_user) return wrong("--target-ns needs -x", "the program of a process: -p PID");
  if ((is_user || !options.pids.empty()) && options.by_function_probes)
    return wrong("--fprobe is for kernel functions");
  return {};
}

}  // namespace

void add_target_options(CLI::App& command, TargetOptions& options) {
  const CLI::Validator not_empty([](const std::string& text) { return text.empty() ? "the name is empty" : ""; }, "");
  const auto add = [&](const char* names, std::string& value, const char* help, const char* type) {
    command.add_option(names, value, help)->type_name(type)->check(not_empty);
  };
  add("-x,--exec", options.executable,
      "probe this program or library instead of the kernel: a path, or a name such as bash, libc.so.6", "FILE");
  add("-m,--module", options.module, "probe this kernel module: its name, or the path of its .ko file", "MODULE");
  add("-k,--vmlinux", options.vmlinux, "take symbols and types from this vmlinux", "FILE");
  command
      .add_option("--target-ns", options.target_ns,
                  "with -x of an absolute path: find it, and its debug information, as this process sees files")
      ->type_name("PID")
      ->check(CLI::Range(1, largest_pid));
  command
      .add_option_function<std::uint64_t>(
          "--download-limit", [&options](std::uint64_t megabytes) { options.downloads.bytes = megabytes << 20; },
          "download debug information up to this size (DEBUGINFOD_URLS; default 2048, 0: never)")
      ->type_name("MB")
      ->check(CLI::Range(0, 1 << 20));
  command.add_option("--download-time", options.downloads.seconds, "give a download up after this time (default 300)")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  command.add_flag("--no-cache", options.no_cache,
                   "neither use nor keep prepared debug information in ~/.cache/dtracepp");
}

void add_process_option(CLI::App& command, TargetOptions& options) {
  command
      .add_option_function<int>(
          "-p,--pid", [&options](int pid) { options.pids = {pid}; },
          "probe the program of this process; with -x its file of that name: libc.so.6")
      ->type_name("PID")
      ->check(CLI::Range(1, largest_pid));
}

namespace {

Result<std::unique_ptr<OpenTarget>> open(const TargetOptions& options) {
  DTP_CHECK(check_options(options));
  const debug::Cache cache = options.no_cache ? debug::Cache() : debug::Cache::of_user();
  if (!options.executable.empty() || !options.pids.empty()) {
    DTP_TRY(const debug::ProcessFile found, find_executable(options));
    return open_user(found, options.symbols_only, cache, options.downloads);
  }
  if (!options.module.empty()) {
    DTP_TRY(auto opened, open_module(options.module, cache));
    use_ways(*opened, options);
    return opened;
  }
  if (!options.vmlinux.empty()) {
    // Of the kernel that has this vmlinux, tracefs here knows nothing.
    DTP_TRY(auto opened, open_vmlinux(options.vmlinux, options.symbols_only, cache));
    if (!options.format_file.empty()) use_tracepoints(*opened, options.format_file);
    use_ways(*opened, options);
    return opened;
  }
  DTP_TRY(auto opened, open_kernel(options.symbols_only, cache, options.downloads));
  opened->target.module_with = [](const std::string& function) {
    return debug::find_module_with(function, kallsyms, "/lib/modules/" + debug::kernel_release());
  };
  use_tracepoints(*opened, options.format_file);
  use_ways(*opened, options);
  opened->target.check_names = options.is_live;
  return opened;
}

}  // namespace

Result<std::unique_ptr<OpenTarget>> open_target(const TargetOptions& options) {
  DTP_TRY(auto opened, open(options));
  opened->target.source_root = options.source_root;
  return opened;
}

}  // namespace dtp::cmd
