#include "kernel/hit_cost.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace dtp::kernel {
namespace {

constexpr CpuSeconds operator""_ns(unsigned long long count) { return CpuSeconds(static_cast<double>(count) * 1e-9); }

constexpr CpuSeconds tracepoint = 100_ns;
constexpr CpuSeconds kernel_probe = 300_ns;  // not measured: between a call by ftrace and a breakpoint
constexpr CpuSeconds emulated = 700_ns;
constexpr CpuSeconds single_stepped = 9700_ns;
constexpr CpuSeconds at_return = 300_ns;  // more than at the entry
constexpr CpuSeconds text_of_memory = 100_ns;
constexpr CpuSeconds perf_ring = 100_ns;
constexpr CpuSeconds frames = 700_ns;
constexpr CpuSeconds copied_byte = CpuSeconds(0.1e-9);
// A page of zeros that is touched for the first time, where the others were measured.
constexpr CpuSeconds page_fault = 650_ns;

}  // namespace

CpuSeconds cost_of_tracepoint() { return tracepoint; }

CpuSeconds cost_of_probe(const probe::Definition& definition, Instruction instruction) {
  const bool is_of_program = definition.place.find(":0x") != std::string::npos;
  CpuSeconds cost = kernel_probe;
  if (is_of_program) cost = instruction == Instruction::emulated ? emulated : single_stepped;
  if (definition.kind == 'r') cost += at_return;
  const auto texts = std::ranges::count_if(definition.arguments, [](const probe::DefinitionArgument& argument) {
    return argument.type.find("string") != std::string::npos;
  });
  return cost + static_cast<double>(texts) * text_of_memory;
}

CpuSeconds cost_of_perf(const StackOptions& stacks) {
  switch (stacks.kind) {
    case Stacks::none: return perf_ring;
    case Stacks::frame_pointers: return perf_ring + frames;
    case Stacks::copies: return perf_ring + frames + static_cast<double>(stacks.copied_bytes) * copied_byte;
  }
  return perf_ring;
}

double slowness() {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t pages = 64;
  constexpr int rounds = 5;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  CpuSeconds best = std::chrono::seconds(1);
  for (int round = 0; round < rounds; ++round) {
    void* const memory = ::mmap(nullptr, pages * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 1;
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < pages; ++i) (void)*(static_cast<const volatile std::byte*>(memory) + i * page);
    best = std::min<CpuSeconds>(best, (Clock::now() - begin) / static_cast<double>(pages));
    ::munmap(memory, pages * page);
  }
  return best / page_fault;
}

}  // namespace dtp::kernel
