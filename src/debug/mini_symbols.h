// MiniDebugInfo: symbols of a stripped program, compressed within it.
#pragma once

#include <optional>

#include "debug/elf_file.h"

namespace dtp::debug {

// The ELF file in .gnu_debugdata; it has symbols and no debug information. None: there is none that can be read.
std::optional<ElfFile> mini_symbols(const ElfFile& file);

}  // namespace dtp::debug
