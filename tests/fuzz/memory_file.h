// Bytes as a file that has a name, for readers that open one.
#pragma once

#include <sys/mman.h>

#include <string>
#include <string_view>

#include "base/file.h"
#include "fuzz/fuzz.h"

namespace dtp::fuzz {

class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    DTP_REQUIRE(base::write_all(fd_.get(), bytes, "memory"));
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

 private:
  base::Fd fd_;
};

}  // namespace dtp::fuzz
