// In which kernel module a function is.
#pragma once

#include <optional>
#include <string>

namespace dtp::debug {

struct ModuleHit {
  std::string module = {};
  bool is_loaded = false;
  bool operator==(const ModuleHit&) const = default;
};

// Among the modules that are loaded, by kallsyms, else among those below `directory`, by depmod's index and by their
// symbol tables; of compressed ones those are searched whose names are near.
std::optional<ModuleHit> find_module_with(const std::string& function, const std::string& kallsyms,
                                          const std::string& directory);

}  // namespace dtp::debug
