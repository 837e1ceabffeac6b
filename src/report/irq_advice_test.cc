#include "report/irq_advice.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace dtp::report {
namespace {

// A machine of files.
class Machine {
 public:
  Machine() {
    char name[] = "/tmp/dtp-irq-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    root = name;
    put("/sys/devices/system/cpu/online", "0-3");
  }
  ~Machine() { std::filesystem::remove_all(root); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  void put(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root + path).parent_path());
    std::ofstream(root + path) << text << '\n';
  }
  void queue(int irq, const std::string& allowed, const std::string& effective) {
    put("/sys/class/net/eth0/device/msi_irqs/" + std::to_string(irq), "msix");
    put("/sys/class/net/eth0/queues/rx-" + std::to_string(queues++) + "/rps_cpus", "0");
    put("/proc/irq/" + std::to_string(irq) + "/smp_affinity_list", allowed);
    put("/proc/irq/" + std::to_string(irq) + "/effective_affinity_list", effective);
  }

  std::string root = {};
  int queues = 0;
};

}  // namespace

TEST_CASE("what could be done about interrupts on one CPU") {
  Machine machine;
  CHECK(irq_advice(9, machine.root) == "not of a network card");
  machine.queue(24, "0-3", "0");
  CHECK(irq_advice(24, machine.root) == "eth0 has one queue and RPS is off: see 'ethtool -l eth0', or write CPUs to " +
                                            machine.root + "/sys/class/net/eth0/queues/rx-0/rps_cpus");
  machine.put("/sys/class/net/eth0/queues/rx-0/rps_cpus", "00000000,0000000e");
  CHECK(irq_advice(24, machine.root) == "eth0 has one queue; RPS spreads what follows");
  machine.queue(25, "0-3", "0");
  CHECK(irq_advice(25, machine.root) == "all 2 queues of eth0 go to one CPU though more are allowed: run irqbalance");
  machine.put("/proc/irq/25/smp_affinity_list", "0");
  CHECK(irq_advice(25, machine.root) ==
        "all 2 queues of eth0 may go to CPU 0 only: write others to /proc/irq/N/smp_affinity_list");
  machine.put("/proc/irq/25/effective_affinity_list", "2");
  CHECK(irq_advice(25, machine.root) == "eth0 has 2 queues on 2 CPUs: a single flow stays on one");
  machine.put("/sys/devices/system/cpu/online", "0");
  CHECK(irq_advice(25, machine.root) == "there is one CPU");
}

}  // namespace dtp::report
