// The file that a module of a recording was mapped from.
#pragma once

#include <optional>
#include <string>

#include "debug/elf_file.h"
#include "dtracepp/record.h"

namespace dtp::symbol {

// What has no build-id may be any.
bool is_same_build(const std::string& recorded, const std::string& found);

// At its path, unless another build lies there now; else what a process still has mapped: deleted, or in another mount
// namespace. None: gone, or not a file ("[vdso]", memory without a file).
std::optional<debug::ElfFile> open_file_of(const record::Module& module);

}  // namespace dtp::symbol
