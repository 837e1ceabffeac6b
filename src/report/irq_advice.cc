#include "report/irq_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <vector>

#include "base/escape.h"
#include "base/file.h"

namespace dtp::report {
namespace {

namespace fs = std::filesystem;

std::string line_of(const std::string& path) {
  auto text = base::read_file(path);
  if (!text) return "";
  text->resize(std::min(text->find('\n'), text->size()));
  return base::escape(*text);
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    names.push_back(at->path().filename().string());
  std::ranges::sort(names);
  return names;
}

struct Card {
  std::string name = {};  // eth0; empty: the interrupt is of no network card
  std::vector<std::string> interrupts = {};
};

// A card's interrupts are those of its device, or of the bus that its device sits on, as virtio's.
Card card_of(std::uint64_t irq, const std::string& root) {
  const std::string number = std::to_string(irq);
  for (const std::string& name : names_in(root + "/sys/class/net"))
    for (const char* device : {"device", "device/.."}) {
      const std::string path = fmt::format("{}/sys/class/net/{}/{}", root, name, device);
      if (line_of(path + "/irq") == number) return {name, {number}};
      std::vector<std::string> interrupts = names_in(path + "/msi_irqs");
      if (std::ranges::find(interrupts, number) != interrupts.end()) return {name, std::move(interrupts)};
    }
  return {};
}

bool has_several(const std::string& cpus) { return cpus.find_first_of("-,") != std::string::npos; }

// Soft interrupts of a queue are spread if its mask has a bit.
bool is_spread(const std::string& queues) {
  return std::ranges::any_of(names_in(queues), [&](const std::string& queue) {
    return queue.starts_with("rx-") &&
           line_of(fmt::format("{}/{}/rps_cpus", queues, queue)).find_first_not_of("0,") != std::string::npos;
  });
}

}  // namespace

std::string irq_advice(std::uint64_t irq, const std::string& root) {
  const std::string allowed = line_of(fmt::format("{}/proc/irq/{}/smp_affinity_list", root, irq));
  const Card card = card_of(irq, root);
  if (card.name.empty()) return "not of a network card";
  const std::string queues = fmt::format("{}/sys/class/net/{}/queues", root, card.name);
  const auto received =
      std::ranges::count_if(names_in(queues), [](const auto& name) { return name.starts_with("rx-"); });
  if (!has_several(line_of(root + "/sys/devices/system/cpu/online"))) return "there is one CPU";
  if (received <= 1) {
    if (is_spread(queues)) return fmt::format("{} has one queue; RPS spreads what follows", card.name);
    return fmt::format("{0} has one queue and RPS is off: see 'ethtool -l {0}', or write CPUs to {1}/rx-0/rps_cpus",
                       card.name, queues);
  }
  std::set<std::string> places;
  for (const std::string& one : card.interrupts)
    if (const auto at = line_of(fmt::format("{}/proc/irq/{}/effective_affinity_list", root, one)); !at.empty())
      places.insert(at);
  if (places.size() <= 1 && !has_several(allowed)) {
    return fmt::format("all {} queues of {} may go to CPU {} only: write others to /proc/irq/N/smp_affinity_list",
                       received, card.name, allowed);
  }
  if (places.size() <= 1)
    return fmt::format("all {} queues of {} go to one CPU though more are allowed: run irqbalance", received,
                       card.name);
  return fmt::format("{} has {} queues on {} CPUs: a single flow stays on one", card.name, received, places.size());
}

}  // namespace dtp::report
