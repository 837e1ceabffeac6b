#include "debug/demangle.h"

#include <llvm/Demangle/Demangle.h>

namespace dtp::debug {

std::string demangle(std::string_view name) {
  if (!name.starts_with("_Z") && !name.starts_with("_R")) return std::string(name);
  return llvm::demangle(name);
}

}  // namespace dtp::debug
