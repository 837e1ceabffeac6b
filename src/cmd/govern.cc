#include "cmd/govern.h"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "arch/cheap_place.h"
#include "base/file.h"
#include "cmd/wrong_word.h"
#include "kernel/hit_cost.h"
#include "probe/definition.h"

namespace dtp::cmd {
namespace {

constexpr double default_percent = 5;

// Of "/bin/bash:0x9a850" what stands at that offset of the file. What cannot be read is taken for the dearer.
kernel::Instruction instruction_at(const std::string& place) {
  constexpr std::size_t longest_instruction = 15;
  const std::size_t colon = place.rfind(":0x");
  std::uint64_t offset = 0;
  if (colon == std::string::npos) return kernel::Instruction::single_stepped;
  std::from_chars(place.data() + colon + 3, place.data() + place.size(), offset, 16);
  const auto file = base::open_file(place.substr(0, colon), O_RDONLY | O_NONBLOCK);
  std::array<std::byte, longest_instruction> code{};
  if (!file) return kernel::Instruction::single_stepped;
  const ssize_t got = ::pread(file->get(), code.data(), code.size(), static_cast<off_t>(offset));
  if (got <= 0) return kernel::Instruction::single_stepped;
  return arch::is_emulated(std::span(code).first(static_cast<std::size_t>(got))) ? kernel::Instruction::emulated
                                                                                 : kernel::Instruction::single_stepped;
}

// Of an event with many places the dearest of the first ones.
kernel::CpuSeconds cost_of(const kernel::Event& event) {
  constexpr std::size_t looked_at = 32;
  kernel::CpuSeconds most{0};
  for (std::size_t i = 0; i < std::min(event.lines.size(), looked_at); ++i) {
    const auto definition = probe::parse_definition(event.lines[i]);
    if (!definition) continue;
    most = std::max(most, kernel::cost_of_probe(*definition, instruction_at(definition->place)));
  }
  return most;
}

}  // namespace

void add_govern_options(CLI::App& command, GovernOptions& options) {
  CLI::Option* budget =
      command.add_option("--budget", options.budget, "how much of the machine the probes may cost; 5 without it")
          ->type_name("PERCENT");
  command.add_flag("--no-govern", options.is_off, "record every hit, whatever that costs")->excludes(budget);
}

Result<double> to_budget(const GovernOptions& options) {
  if (options.is_off) return 0;
  if (options.budget.empty()) return default_percent / 100;
  std::string_view text = options.budget;
  if (text.ends_with('%')) text.remove_suffix(1);
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (error != std::errc{} || end != text.data() + text.size() || !(percent >= 0.0001 && percent <= 100)) {
    return fail(
        wrong_word("--budget", options.budget, "--budget takes a part of the machine in percent, from 0.0001 to 100"));
  }
  return percent / 100;
}

void estimate_costs(kernel::TraceFs& tracefs, std::vector<kernel::CaptureEvent>& events) {
  const auto listed = kernel::list_events(tracefs);
  for (kernel::CaptureEvent& wanted : events) {
    const auto event = listed ? kernel::find_event(*listed, wanted.name) : std::nullopt;
    wanted.hit_cost = event ? cost_of(*event) : kernel::cost_of_tracepoint();
  }
}

void print_overspent(const std::string& event, const kernel::Overspent& overspent, double budget) {
  const double percent = 100 * overspent.share;
  fmt::print(
      stderr,
      "warning: '{}' costs about {:.{}f} % of this machine, {:.0f} hits a second of {:.2f} us each; the budget is "
      "{:g} %: {}\n"
      "hint: --no-govern records every hit, --budget {:.0f} as much as now\n",
      event, percent, percent < 10 ? 1 : 0, overspent.hits_per_second, overspent.hit_cost.count() * 1e6, 100 * budget,
      overspent.is_over ? "it is off from now on" : "it is watched in windows of time from now on",
      std::min(std::ceil(percent), 100.0));
}

}  // namespace dtp::cmd
