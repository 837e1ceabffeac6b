// Why an interrupt lands where it does, and what could be done about it.
#pragma once

#include <cstdint>
#include <string>

namespace dtp::report {

// Of the interrupts of a network card: its queues, the CPUs that they may go to, and whether soft interrupts are spread.
// One sentence. `root` is where /proc and /sys are.
std::string irq_advice(std::uint64_t irq, const std::string& root = "");

}  // namespace dtp::report
