// Where a probe of the kernel's list lies in the source.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "debug/info.h"
#include "probe/definition.h"

namespace dtp::cmd {

struct EventPlace {
  std::string function = {};
  std::optional<unsigned> line = {};  // from the function's declaration; none: at its entry, or not known
  std::uint64_t offset = 0;           // from its entry, where the line is not known
  bool is_return = false;
  std::string file = {};     // of the source; empty: not known
  std::string program = {};  // empty: the kernel
};

// "vfs_read:5@fs/read_write.c", "readline%return in /usr/bin/bash".
std::string spell(const EventPlace& place);

// Finds them by symbols, and by the debug information that is near. Never waits for a network, and leaves alone what
// would have to be inflated first.
class EventPlaces {
 public:
  // None: nothing is known beyond the definition itself.
  std::optional<EventPlace> find(const probe::Definition& definition);

 private:
  struct Program;
  Program& program(const std::string& path);  // empty: the kernel
  std::optional<EventPlace> find_in_kernel(const std::string& place);
  std::optional<EventPlace> find_in_program(const std::string& place);

  std::map<std::string, std::shared_ptr<Program>> programs_ = {};
};

}  // namespace dtp::cmd
