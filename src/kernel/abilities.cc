#include "kernel/abilities.h"

#include <cerrno>
#include <charconv>

#include "kernel/owner.h"
#include "kernel/perf_event.h"
#include "kernel/tasks.h"

namespace dtp::kernel {

Io<void> try_definition(TraceFs& tracefs, const std::string& file, char kind, const std::string& rest) {
  if (!tracefs.exists(file)) return std::unexpected(ENOENT);
  const auto owner = this_process();
  if (!owner) return std::unexpected(ENOENT);
  const std::string name = group_of(*owner) + "/tried";
  const Io<void> added = tracefs.write(file, std::string(1, kind) + ":" + name + " " + rest + "\n");
  if (added) (void)tracefs.write(file, "-:" + name + "\n");
  return added;
}

Grammar read_grammar(TraceFs& tracefs) {
  const std::string readme = tracefs.read("README").value_or("");
  const std::size_t at_return = readme.find("kernel return probes support:");
  const std::string_view line =
      at_return == std::string::npos
          ? std::string_view()
          : std::string_view(readme).substr(at_return, readme.find('\n', at_return) - at_return);
  return {.arguments_at_return = line.contains("$arg<N>"),
          .function_probes = readme.contains(" f[:[<group>/][<event>]]"),
          .path_names = readme.contains("%pd/%pD")};
}

Io<void> try_recording(TraceFs& tracefs, bool whole_system) {
  const Io<std::string> text = tracefs.read("events/sched/sched_process_exit/id");
  if (!text) return std::unexpected(text.error());
  std::uint64_t id = 0;
  if (std::from_chars(text->data(), text->data() + text->size(), id).ec != std::errc()) return std::unexpected(EINVAL);
  const auto cpus = online_cpus();
  const int cpu = whole_system && cpus ? static_cast<int>(cpus->front()) : -1;
  const Io<base::Fd> fd = open_perf_event(tracepoint_attr(id, 0), whole_system ? -1 : 0, cpu);
  if (!fd) return std::unexpected(fd.error());
  return {};
}

}  // namespace dtp::kernel
