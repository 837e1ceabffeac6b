// The names of source files in a line table, without its program being run.
#pragma once

#include <cstdint>
#include <string_view>

#include "debug/elf_file.h"

namespace dtp::debug {

// Whether the table at this offset of .debug_line may name a file whose last component is that of `path`. False is
// certain; true is not.
bool may_name_file(const ElfFile& file, std::uint64_t table, std::string_view path);

}  // namespace dtp::debug
